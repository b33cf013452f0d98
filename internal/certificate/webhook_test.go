package certificate_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
)

// following is a transport that follows redirects by itself.
type following struct{}

func (following) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || response.StatusCode < 300 || response.StatusCode > 399 {
		return response, err
	}
	response.Body.Close()
	next, err := http.NewRequestWithContext(r.Context(), http.MethodGet, response.Header.Get("Location"), nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultTransport.RoundTrip(next)
}

func TestAWebhookFollowsNoRedirect(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	clients := map[string]*http.Client{
		"none": nil, "the default": http.DefaultClient, "one with a timeout": {Timeout: time.Minute},
		"one that follows": {CheckRedirect: func(*http.Request, []*http.Request) error { return nil }},
	}
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		var there atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if there.Add(1); r.URL.Path == "/" {
				http.Redirect(w, r, other.URL, status)
			} else {
				http.Redirect(w, r, "/", status)
			}
		}))
		defer server.Close()
		for name, client := range clients {
			hook, err := softdelete.Webhook("crm", server.URL+"/erase", []byte("secret"), client)
			require.NoError(t, err)
			there.Store(0)
			require.ErrorContains(t, hook.Erase(t.Context(), softdelete.ErasedSubject{RequestID: "r"}), "status 3", "%s, %d", name, status)
			require.EqualValues(t, 1, there.Load(), "%s, %d", name, status)
		}
		hook, err := softdelete.Webhook("crm", server.URL, []byte("secret"), &http.Client{Transport: following{}})
		require.NoError(t, err)
		require.ErrorContains(t, hook.Erase(t.Context(), softdelete.ErasedSubject{RequestID: "r"}), "another address")
		elsewhere.Store(0)
	}
	require.Zero(t, elsewhere.Load())
	require.Nil(t, http.DefaultClient.CheckRedirect, "a client that is given stays as it is")
}
