package settings

import (
	"context"
)

// Masker computes what a personal value is replaced by.
type Masker = func(ctx context.Context, value any) (any, error)

// Retention says how long deleted rows are kept and what comes then, in the words of the tags.
type Retention struct {
	Keep string
	Then string
}
