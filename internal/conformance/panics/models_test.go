package panics_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// bomb goes off once, where code of the application runs.
type bomb struct {
	mu    sync.Mutex // guards the rest
	place string
	exits bool // the goroutine ends, in place of a panic
	blown bool
}

// errBlown is what a bomb panics with; its text is nobody's business.
var errBlown = errors.New("secret")

func (b *bomb) arm(place string, exits bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.place, b.exits, b.blown = place, exits, false
}

// at goes off if it was armed for the place.
func (b *bomb) at(place string) {
	b.mu.Lock()
	off := b.place == place
	if off {
		b.place, b.blown = "", true
	}
	exits := b.exits
	b.mu.Unlock()
	switch {
	case off && exits:
		runtime.Goexit()
	case off:
		panic(errBlown)
	}
}

type bombKey struct{}

func blow(tx *gorm.DB, place string) error {
	if b, ok := tx.Statement.Context.Value(bombKey{}).(*bomb); ok {
		b.at(place)
	}
	return nil
}

type (
	firm struct {
		ID         uint
		CreatedAt  time.Time
		Name       string `pii:"func:mask"`
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
		Desks      []desk  `softdelete:"cascade"`
		Chairs     []seat  `gorm:"foreignKey:FirmID" softdelete:"cascade"`
		Papers     []paper `softdelete:"keep"`
	}
	desk struct {
		ID         uint
		FirmID     uint
		Firm       *firm  `softdelete:"guard"`
		Label      string `pii:"fixed:-"`
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
	seat struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		FirmID uint
		Name   string
	}
	// paper goes to cold storage, for each of two tenants.
	paper struct {
		ID        uint
		TenantID  uint
		FirmID    uint
		Firm      *firm
		Text      string         `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold;tenant:TenantID"`
	}
)

func (*firm) BeforeDelete(tx *gorm.DB) error  { return blow(tx, "firm.BeforeDelete") }
func (*firm) AfterDelete(tx *gorm.DB) error   { return blow(tx, "firm.AfterDelete") }
func (*firm) BeforeRestore(tx *gorm.DB) error { return blow(tx, "firm.BeforeRestore") }
func (*firm) AfterRestore(tx *gorm.DB) error  { return blow(tx, "firm.AfterRestore") }
func (*desk) BeforeDelete(tx *gorm.DB) error  { return blow(tx, "desk.BeforeDelete") }
func (*desk) AfterDelete(tx *gorm.DB) error   { return blow(tx, "desk.AfterDelete") }
func (*desk) BeforeRestore(tx *gorm.DB) error { return blow(tx, "desk.BeforeRestore") }
func (*desk) AfterRestore(tx *gorm.DB) error  { return blow(tx, "desk.AfterRestore") }
func (*desk) BeforeUpdate(tx *gorm.DB) error  { return blow(tx, "desk.BeforeUpdate") }
func (*desk) AfterUpdate(tx *gorm.DB) error   { return blow(tx, "desk.AfterUpdate") }
func (*desk) BeforeCreate(tx *gorm.DB) error  { return blow(tx, "desk.BeforeCreate") }
func (*desk) AfterCreate(tx *gorm.DB) error   { return blow(tx, "desk.AfterCreate") }
func (*desk) BeforeSave(tx *gorm.DB) error    { return blow(tx, "desk.BeforeSave") }
func (*seat) AfterDelete(tx *gorm.DB) error   { return blow(tx, "seat.AfterDelete") }

// The application's stores, ledgers and processors.
type (
	store struct {
		softdelete.ColdRewriter
		bomb *bomb
	}
	ledger struct {
		softdelete.ErasureLedger
		bomb *bomb
	}
	processor struct{ bomb *bomb }
)

func (s store) Put(ctx context.Context, b softdelete.ColdBatch) error {
	s.bomb.at("store.Put")
	return s.ColdRewriter.Put(ctx, b)
}

func (s store) Get(ctx context.Context, id string) (softdelete.ColdBatch, error) {
	s.bomb.at("store.Get")
	return s.ColdRewriter.Get(ctx, id)
}

func (s store) Batches(ctx context.Context, table string) ([]string, error) {
	s.bomb.at("store.Batches")
	return s.ColdRewriter.Batches(ctx, table)
}

func (s store) Replace(ctx context.Context, b softdelete.ColdBatch) error {
	s.bomb.at("store.Replace")
	return s.ColdRewriter.Replace(ctx, b)
}

func (s store) Tidy(context.Context) (int, error) {
	s.bomb.at("store.Tidy")
	return 0, nil
}

func (l ledger) Append(ctx context.Context, e softdelete.LedgerEntry) error {
	if e.Done {
		l.bomb.at("ledger.Append, done")
	} else {
		l.bomb.at("ledger.Append")
	}
	return l.ErasureLedger.Append(ctx, e)
}

func (l ledger) Entries(ctx context.Context) ([]softdelete.LedgerEntry, error) {
	l.bomb.at("ledger.Entries")
	return l.ErasureLedger.Entries(ctx)
}

func (p processor) Name() string {
	p.bomb.at("processor.Name")
	return "crm"
}

func (p processor) Erase(context.Context, softdelete.ErasedSubject) error {
	p.bomb.at("processor.Erase")
	return nil
}
