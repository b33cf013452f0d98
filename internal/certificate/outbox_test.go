package certificate_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestDispatchErasures(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		steady, shaky := fixture.NewParty("steady", 0), fixture.NewParty("shaky", 2)
		config := softdelete.Config{Models: []any{&certPerson{}}, Processors: []softdelete.Processor{steady, shaky}}
		db := fixture.Open(t, database, config, &gorm.Config{NowFunc: func() time.Time { return now }})
		certErase(t, db, 1)
		states := func() (states []string, complete bool) {
			list, err := softdelete.Certificates(db)
			require.NoError(t, err)
			for _, r := range list[0].Recipients {
				states = append(states, r.Name+" "+r.State)
				require.Equal(t, r.State == "acknowledged", r.AcknowledgedAt != nil)
			}
			return states, list[0].Complete()
		}
		check := func(complete bool, want ...string) {
			t.Helper()
			got, whole := states()
			require.Equal(t, want, got)
			require.Equal(t, complete, whole)
		}

		check(false, "steady pending", "shaky pending")
		require.Empty(t, steady.Told(), "only DispatchErasures tells anyone")

		require.ErrorIs(t, softdelete.DispatchErasures(db), fixture.Err)
		check(false, "steady acknowledged", "shaky pending")
		require.Equal(t, softdelete.ErasedSubject{RequestID: "r1", Table: "cert_people", Key: "1"}, steady.Told()[0])

		require.NoError(t, softdelete.DispatchErasures(db), "the next attempt is not due yet")
		require.Len(t, shaky.Told(), 1)
		now = now.Add(time.Minute)
		require.ErrorIs(t, softdelete.DispatchErasures(db), fixture.Err)
		now = now.Add(time.Minute)
		require.NoError(t, softdelete.DispatchErasures(db), "each wait is twice as long")
		require.Len(t, shaky.Told(), 2)
		now = now.Add(time.Minute)
		require.NoError(t, softdelete.DispatchErasures(db))
		check(true, "steady acknowledged", "shaky acknowledged")
		require.NoError(t, softdelete.DispatchErasures(db))
		require.Len(t, steady.Told(), 1)
		require.NoError(t, softdelete.VerifyCertificates(db), "states are no part of the hash")

		t.Run("a party that never acknowledges fails after the last attempt", func(t *testing.T) {
			shaky.Fail(1000)
			person := certPerson{Name: "b"}
			require.NoError(t, db.Create(&person).Error)
			_, err := softdelete.Erase(db, &person, softdelete.ErasureRequest{ID: "never"})
			require.NoError(t, err)
			before := len(shaky.Told())
			for range 30 {
				now = now.Add(24 * time.Hour)
				_ = softdelete.DispatchErasures(db)
			}
			require.Len(t, shaky.Told(), before+20)
			list, err := softdelete.Certificates(db)
			require.NoError(t, err)
			require.Equal(t, "failed", list[1].Recipients[1].State)
			shaky.Fail(0)
		})
		t.Run("several dispatchers share the work", func(t *testing.T) {
			person := certPerson{Name: "c"}
			require.NoError(t, db.Create(&person).Error)
			_, err := softdelete.Erase(db, &person, softdelete.ErasureRequest{ID: "shared"})
			require.NoError(t, err)
			before := len(steady.Told())
			var wait sync.WaitGroup
			errs := make([]error, 4)
			for i := range errs {
				wait.Go(func() { errs[i] = softdelete.DispatchErasures(db) })
			}
			wait.Wait()
			for _, err := range errs {
				require.NoError(t, err)
			}
			require.Len(t, steady.Told(), before+1)
		})
		t.Run("a processor that is no longer there is named", func(t *testing.T) {
			person := certPerson{Name: "d"}
			require.NoError(t, db.Create(&person).Error)
			_, err := softdelete.Erase(db, &person, softdelete.ErasureRequest{ID: "orphan"})
			require.NoError(t, err)
			other := fixture.Use(t, database, softdelete.Config{Models: config.Models, Processors: []softdelete.Processor{steady}}, &gorm.Config{NowFunc: func() time.Time { return now }})
			require.ErrorContains(t, softdelete.DispatchErasures(other), `"shaky"`)
		})
	})
}

// outboxGossip is a third party whose errors quote the person.
type outboxGossip struct{ word string }

func (outboxGossip) Name() string { return "gossip" }

func (g outboxGossip) Erase(context.Context, softdelete.ErasedSubject) error {
	return &outboxQuote{word: g.word}
}

type outboxQuote struct{ word string }

func (e *outboxQuote) Error() string { return "no account of " + e.word }
func (e *outboxQuote) Unwrap() error { return fixture.Err }

func TestAProcessorsErrorTextGoesNowhere(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		var lines bytes.Buffer
		db := fixture.Open(t, database, softdelete.Config{
			Models: []any{&certPerson{}}, Processors: []softdelete.Processor{outboxGossip{"quokka"}},
		}, &gorm.Config{
			NowFunc: func() time.Time { return now }, Logger: logger.New(log.New(&lines, "", 0), logger.Config{LogLevel: logger.Info}),
		})
		certErase(t, db, 1)
		attempt := func() error {
			now = now.Add(6 * time.Hour)
			err := softdelete.DispatchErasures(db)
			require.ErrorIs(t, err, fixture.Err)
			var quote *outboxQuote
			require.ErrorAs(t, err, &quote, "the processor's own error can be found")
			require.Equal(t, "quokka", quote.word)
			return err
		}
		require.EqualError(t, attempt(), `softdelete: processor "gossip" did not acknowledge request r1: attempt 1 of 20; `+
			"the next one is due at 2030-01-01T06:01:00Z")
		require.EqualError(t, attempt(), `softdelete: processor "gossip" did not acknowledge request r1: attempt 2 of 20; `+
			"the next one is due at 2030-01-01T12:02:00Z")
		for range 17 {
			require.NotContains(t, attempt().Error(), "quokka")
		}
		require.EqualError(t, attempt(), `softdelete: processor "gossip" did not acknowledge request r1: attempt 20 of 20; `+
			"there is no next one, the delivery has failed")
		list, err := softdelete.Certificates(db)
		require.NoError(t, err)
		require.NotEmpty(t, lines.String())
		require.NotContains(t, lines.String()+fixture.Dump(t, db, softdelete.Tables()...)+list[0].Text(), "quokka")
	})
}

func TestNobodyIsToldOfAnErasureThatDidNotHappen(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		party := fixture.NewParty("party", 0)
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&certPerson{}}, Processors: []softdelete.Processor{party}})
		person := certPerson{Name: "a"}
		require.NoError(t, db.Create(&person).Error)
		require.ErrorIs(t, db.Transaction(func(tx *gorm.DB) error {
			_, err := softdelete.Erase(tx, &person, softdelete.ErasureRequest{ID: "r"})
			require.NoError(t, err)
			return fixture.Err
		}), fixture.Err)
		require.NoError(t, softdelete.DispatchErasures(db))
		require.Empty(t, party.Told())
		list, err := softdelete.Certificates(db)
		require.NoError(t, err)
		require.Empty(t, list)
		require.NoError(t, softdelete.VerifyCertificates(db))
		require.NoError(t, db.First(&person, person.ID).Error)
		require.Equal(t, "a", person.Name)
	})
}

func TestWebhook(t *testing.T) {
	secret := []byte("a secret")
	status := http.StatusNoContent
	var requests []*http.Request
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests, bodies = append(requests, r), append(bodies, string(body))
		w.WriteHeader(status)
	}))
	defer server.Close()
	hook, err := softdelete.Webhook("crm", server.URL+"/erase", secret, nil)
	require.NoError(t, err)
	require.Equal(t, "crm", hook.Name())
	subject := softdelete.ErasedSubject{RequestID: "r1", Table: "users", Key: "7"}

	require.NoError(t, hook.Erase(t.Context(), subject))
	require.JSONEq(t, `{"request_id":"r1","table":"users","key":"7"}`, bodies[0])
	code := hmac.New(sha256.New, secret)
	code.Write([]byte(bodies[0]))
	require.Equal(t, "sha256="+hex.EncodeToString(code.Sum(nil)), requests[0].Header.Get(softdelete.SignatureHeader))
	require.Equal(t, "r1", requests[0].Header.Get("Idempotency-Key"))
	for _, status = range []int{http.StatusFound, http.StatusBadRequest, http.StatusInternalServerError} {
		require.ErrorContains(t, hook.Erase(t.Context(), subject), "status")
	}
	server.Close()
	require.Error(t, hook.Erase(t.Context(), subject))
	for _, address := range []string{"", "ftp://x/y", "/erase", "http://"} {
		_, err := softdelete.Webhook("crm", address, secret, nil)
		require.Error(t, err, address)
	}
	_, err = softdelete.Webhook("crm", "https://x.test", nil, nil)
	require.ErrorContains(t, err, "secret")
}
