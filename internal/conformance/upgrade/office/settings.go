package office

import (
	"context"
	"crypto/ed25519"
	"errors"
	"path/filepath"
	"sync"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// Key signs certificates, once it is set.
var Key = ed25519.NewKeyFromSeed([]byte("the office's key, which is known"))

// Party is a third party, which refuses as long as it is told to.
type Party struct {
	name string

	mu      sync.Mutex // guards the rest
	refuses bool
	told    []softdelete.ErasedSubject
}

// Name implements softdelete.Processor.
func (p *Party) Name() string { return p.name }

// Erase implements softdelete.Processor.
func (p *Party) Erase(_ context.Context, s softdelete.ErasedSubject) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses {
		return errors.New("not now")
	}
	p.told = append(p.told, s)
	return nil
}

// Refuse lets the party refuse, or not.
func (p *Party) Refuse(refuses bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = refuses
}

// Told lists the subjects that the party has acknowledged.
func (p *Party) Told() []softdelete.ErasedSubject {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]softdelete.ErasedSubject{}, p.told...)
}

// Settings are the plugin's, with what they need.
type Settings struct {
	softdelete.Config
	Mailer, Bank *Party
}

// New makes the settings of an office whose files are in a directory. signs tells whether it signs certificates.
func New(dir string, signs bool) (*Settings, error) {
	store, err := softdelete.DirColdStore(filepath.Join(dir, "cold"))
	if err != nil {
		return nil, err
	}
	ledger, err := softdelete.FileLedger(filepath.Join(dir, "erasures.jsonl"))
	if err != nil {
		return nil, err
	}
	s := &Settings{Mailer: &Party{name: "mailer"}, Bank: &Party{name: "bank"}}
	s.Config = softdelete.Config{
		Models: Models(), Ledger: true, Holds: true, ColdStore: store, ErasureLedger: ledger, ErasureBatch: 6,
		Processors: []softdelete.Processor{s.Mailer, s.Bank},
	}
	if signs {
		s.CertificateKey = Key
	}
	return s, nil
}

// Use registers the plugin.
func (s *Settings) Use(db *gorm.DB) error {
	if err := db.SetupJoinTable(&Client{}, "Labels", &ClientLabel{}); err != nil {
		return err
	}
	return db.Use(softdelete.New(s.Config))
}

// Migrate makes the tables.
func Migrate(db *gorm.DB) error {
	return db.AutoMigrate(append(softdelete.Tables(), Models()...)...)
}
