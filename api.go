package softdelete

import (
	"net/http"

	certificate_ "github.com/gorm-softdelete/softdelete/internal/certificate"
	cold_ "github.com/gorm-softdelete/softdelete/internal/cold"
	purge_ "github.com/gorm-softdelete/softdelete/internal/purge"
	settings_ "github.com/gorm-softdelete/softdelete/internal/settings"
	"gorm.io/gorm"
)

type ColdBatch = settings_.ColdBatch

type ColdStore = settings_.ColdStore

func Thaw(db *gorm.DB, batchID string) (int64, error) { return purge_.Thaw(db, batchID) }

func DirColdStore(dir string) (ColdStore, error) { return cold_.DirColdStore(dir) }

type ColdRewriter = cold_.ColdRewriter

type LedgerEntry = settings_.LedgerEntry

type ErasureLedger = settings_.ErasureLedger

func FileLedger(path string) (ErasureLedger, error) { return certificate_.FileLedger(path) }

type Processor = settings_.Processor

type ErasedSubject = settings_.ErasedSubject

const SignatureHeader = certificate_.SignatureHeader

func Webhook(name, address string, secret []byte, client *http.Client) (Processor, error) {
	return certificate_.Webhook(name, address, secret, client)
}

type Masker = settings_.Masker

type Config = settings_.Config

type Retention = settings_.Retention
