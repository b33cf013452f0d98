package softdelete

import (
	"context"
	"net/http"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
)

// This room is for the third parties that erasures are told to.

// Processor is a third party that has to erase the subject too.
type Processor interface {
	// Name identifies the processor in the outbox and in certificates. It must not change while deliveries are pending.
	Name() string
	// Erase tells the third party. It returns nil once that has acknowledged; anything else is tried again. The same request
	// may come more than once: RequestID is the key by which to tell. The text of an error is written nowhere.
	Erase(ctx context.Context, s ErasedSubject) error
}

// ErasedSubject is what a third party is told.
type ErasedSubject struct {
	// RequestID is the ID of the erasure's request.
	RequestID string `json:"request_id"`
	// Table is the table of the erased person's row.
	Table string `json:"table"`
	// Key is that row's primary key: a composite one is joined by ",", a "," in a part is "\,".
	Key string `json:"key"`
}

// DispatchErasures delivers to Config.Processors what they have not acknowledged and what is due. Each delivery is made at
// least once; after an attempt that fails it waits, twice as long each time, and after 20 attempts it counts as failed.
// Several dispatchers may run side by side. It returns what went wrong, joined, after trying all that is due: for each delivery
// that failed the processor's name, the request, the attempt and when the next one is due. The processor's own error may quote
// personal values; errors.Is and errors.As find it, the text leaves it out.
func DispatchErasures(db *gorm.DB) error {
	d, err := databaseOfAll(db, "DispatchErasures")
	if err == nil {
		err = notInADryRun(db, "DispatchErasures")
	}
	if err != nil {
		return err
	}
	return d.outward(db, d.chain.Dispatch(db))
}

// SignatureHeader carries the signature of a webhook: "sha256=" and the HMAC-SHA256 of the request's body in hexadecimal
// digits.
const SignatureHeader = "X-Softdelete-Signature"

// Webhook is a Processor that posts an ErasedSubject as JSON to an address and signs it with a secret, which must not be
// empty; see SignatureHeader. The header Idempotency-Key has the request ID. Any status from 200 to 299 acknowledges; no
// redirect is followed, whatever client says of them. client may be nil.
func Webhook(name, address string, secret []byte, client *http.Client) (Processor, error) {
	inner, err := certificate.NewWebhook(name, address, secret, client)
	if err != nil {
		return nil, err
	}
	return webhook{inner}, nil
}

// webhook is the internals' webhook for callers.
type webhook struct{ *certificate.Webhook }

func (w webhook) Erase(ctx context.Context, s ErasedSubject) error {
	return w.Webhook.Erase(ctx, certificate.ErasedSubject(s))
}

// innerProcessor is a caller's processor for the internals.
type innerProcessor struct{ Processor }

// Unwrap gives the caller's own.
func (p innerProcessor) Unwrap() any { return p.Processor }

func (p innerProcessor) Erase(ctx context.Context, s certificate.ErasedSubject) error {
	return p.Processor.Erase(ctx, ErasedSubject(s))
}
