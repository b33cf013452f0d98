package softdelete

import (
	"net/http"
	"time"

	certificate_ "github.com/gorm-softdelete/softdelete/internal/certificate"
	cold_ "github.com/gorm-softdelete/softdelete/internal/cold"
	erasure_ "github.com/gorm-softdelete/softdelete/internal/erasure"
	eventlog_ "github.com/gorm-softdelete/softdelete/internal/eventlog"
	hold_ "github.com/gorm-softdelete/softdelete/internal/hold"
	migrate_ "github.com/gorm-softdelete/softdelete/internal/migrate"
	purge_ "github.com/gorm-softdelete/softdelete/internal/purge"
	settings_ "github.com/gorm-softdelete/softdelete/internal/settings"
	"gorm.io/gorm"
)

type Certificate = certificate_.Certificate

type Recipient = certificate_.Recipient

func Certificates(db *gorm.DB) ([]Certificate, error) { return certificate_.Certificates(db) }

func VerifyCertificates(db *gorm.DB) error { return certificate_.VerifyCertificates(db) }

type ColdBatch = settings_.ColdBatch

type ColdStore = settings_.ColdStore

func Thaw(db *gorm.DB, batchID string) (int64, error) { return purge_.Thaw(db, batchID) }

func DirColdStore(dir string) (ColdStore, error) { return cold_.DirColdStore(dir) }

type ColdRewriter = cold_.ColdRewriter

func DDL(db *gorm.DB, models ...any) ([]string, error) { return migrate_.DDL(db, models...) }

type ErasureRequest = certificate_.ErasureRequest

type ErasurePlan = erasure_.ErasurePlan

type ErasedTable = certificate_.ErasedTable

type ErasedColumn = certificate_.ErasedColumn

type KeptColumn = certificate_.KeptColumn

func Erase(db *gorm.DB, subject any, r ErasureRequest) (*Certificate, error) {
	return erasure_.Erase(db, subject, r)
}

func PreviewErasure(db *gorm.DB, subject any) (ErasurePlan, error) {
	return erasure_.PreviewErasure(db, subject)
}

type LedgerEntry = settings_.LedgerEntry

type ErasureLedger = settings_.ErasureLedger

func FileLedger(path string) (ErasureLedger, error) { return certificate_.FileLedger(path) }

type DataMapEntry = erasure_.DataMapEntry

func DataMap(db *gorm.DB) ([]DataMapEntry, error) { return erasure_.DataMap(db) }

type Processor = settings_.Processor

type ErasedSubject = settings_.ErasedSubject

func DispatchErasures(db *gorm.DB) error { return certificate_.DispatchErasures(db) }

type ReplayReport = erasure_.ReplayReport

func ReplayErasures(db *gorm.DB, l ErasureLedger) (ReplayReport, error) {
	return erasure_.ReplayErasures(db, l)
}

const SignatureHeader = certificate_.SignatureHeader

func Webhook(name, address string, secret []byte, client *http.Client) (Processor, error) {
	return certificate_.Webhook(name, address, secret, client)
}

type Event = eventlog_.Event

func History(db *gorm.DB, value any) ([]Event, error) { return eventlog_.History(db, value) }

func AsOf(db *gorm.DB, value any, t time.Time) error { return eventlog_.AsOf(db, value, t) }

func Rebuild(db *gorm.DB, model any) (int64, error) { return eventlog_.Rebuild(db, model) }

type HoldID = hold_.HoldID

type HoldOptions = hold_.HoldOptions

type HoldInfo = hold_.HoldInfo

func Hold(db *gorm.DB, value any, o HoldOptions) (HoldID, error) { return hold_.Hold(db, value, o) }

func Release(db *gorm.DB, id HoldID) error { return hold_.Release(db, id) }

func Holds(db *gorm.DB) ([]HoldInfo, error) { return hold_.Holds(db) }

type JanitorConfig = purge_.JanitorConfig

type Janitor = purge_.Janitor

func NewJanitor(db *gorm.DB, c JanitorConfig) *Janitor { return purge_.NewJanitor(db, c) }

type Masker = settings_.Masker

type Config = settings_.Config

type PurgeOptions = purge_.PurgeOptions

type PurgeProgress = purge_.PurgeProgress

type PurgeReport = purge_.PurgeReport

type ModelPurge = purge_.ModelPurge

func Purge(db *gorm.DB, o PurgeOptions) (PurgeReport, error) { return purge_.Purge(db, o) }

type Retention = settings_.Retention
