package certificate

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// This room tells a third party by an HTTP request.

// webhookTimeout bounds one request, well within the lease of a delivery.
const webhookTimeout = 20 * time.Second

// SignatureHeader carries the signature of a webhook: "sha256=" and the HMAC-SHA256 of the request's body in hexadecimal
// digits.
const SignatureHeader = "X-Softdelete-Signature"

// Webhook tells a third party by an HTTP request.
type Webhook struct {
	name, address string
	secret        []byte
	client        *http.Client
}

// NewWebhook makes one; client may be nil. No redirect is followed, whatever the client says of them.
func NewWebhook(name, address string, secret []byte, client *http.Client) (*Webhook, error) {
	target, err := url.Parse(address)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return nil, fmt.Errorf("softdelete: the webhook %q needs an absolute http or https address", name)
	}
	if len(secret) == 0 || name == "" {
		return nil, fmt.Errorf("softdelete: the webhook %q needs a name and a secret to sign with", name)
	}
	own := http.Client{}
	if client != nil {
		own = *client
	}
	// A redirect would carry the signed request elsewhere, or lose its body: its answer is that of the address itself, a failure.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Webhook{name: name, address: address, secret: bytes.Clone(secret), client: &own}, nil
}

// Name implements Processor.
func (w *Webhook) Name() string { return w.name }

// Erase implements Processor.
func (w *Webhook) Erase(ctx context.Context, s ErasedSubject) error {
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	code := hmac.New(sha256.New, w.secret)
	code.Write(body)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", s.RequestID)
	request.Header.Set(SignatureHeader, "sha256="+hex.EncodeToString(code.Sum(nil)))
	response, err := w.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // so that the connection can be used again
	if asked := response.Request; asked != nil && (asked.Method != http.MethodPost || asked.URL.String() != request.URL.String()) {
		return errors.New("the webhook's answer came from another address, by a redirect that the client's transport has followed")
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("the webhook answered with status %d", response.StatusCode)
	}
	return nil
}
