package softdelete_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

type (
	Subscriber struct {
		ID        uint
		CreatedAt time.Time
		Name      string `pii:"fixed:[erased]"`
		Email     string `gorm:"uniqueIndex" pii:"template:redacted-{id}@example.invalid"`
		TaxNumber string `pii:"keep;basis:Art. 17(3)(b)"`
		DeletedAt gorm.DeletedAt
		Visits    []Visit
	}
	Visit struct {
		_            struct{} `pii:"delete"`
		ID           uint
		SubscriberID uint
		Address      string
	}
)

// A person is erased: their data is masked in all rows that theirs leads to, and it cannot come back.
func ExampleErase() {
	db := exampleDB(&Subscriber{}, &Visit{})
	jane := Subscriber{Name: "Jane", Email: "jane@mail.test", TaxNumber: "DE 1", Visits: []Visit{{Address: "192.0.2.1"}}}
	db.Create(&jane)

	certificate, err := softdelete.Erase(db, &jane, softdelete.ErasureRequest{ID: "ticket-4711"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range certificate.Tables {
		fmt.Printf("%s: %d masked, %d deleted\n", t.Table, t.Masked, t.Deleted)
	}
	for _, k := range certificate.Kept {
		fmt.Printf("kept: %s.%s, %s\n", k.Table, k.Column, k.Basis)
	}
	var row Subscriber
	db.Unscoped().First(&row, jane.ID)
	fmt.Println(row.Name, row.Email)
	fmt.Println(db.Save(&jane).Error)
	fmt.Println(softdelete.VerifyCertificates(db))
	// Output:
	// subscribers: 1 masked, 0 deleted
	// visits: 0 masked, 1 deleted
	// kept: subscribers.tax_number, Art. 17(3)(b)
	// [erased] redacted-1@example.invalid
	// softdelete: the row is erased: the row with key 1 in table subscribers; its personal columns stay masked, leave them out with Omit or Select
	// <nil>
}

// exampleFile is a path that is free, until the example ends.
func exampleFile(name string) (path string, remove func()) {
	dir, err := os.MkdirTemp("", "softdelete")
	must(err)
	return filepath.Join(dir, name), func() { must(os.RemoveAll(dir)) }
}

// erasedJane is a database with a person who was erased.
func erasedJane(config softdelete.Config) *gorm.DB {
	config.Models = []any{&Subscriber{}, &Visit{}}
	db := exampleDBAt(config, atNine)
	jane := Subscriber{Name: "Jane", Email: "jane@mail.test", TaxNumber: "DE 1"}
	db.Create(&jane)
	_, err := softdelete.Erase(db, &jane, softdelete.ErasureRequest{ID: "ticket-4711", Ground: "17.1.b"})
	must(err)
	return db
}

// Which columns hold personal data, and which look as if they did and have no tag.
func ExampleDataMap() {
	db := exampleDB(&Subscriber{}, &Visit{})
	entries, err := softdelete.DataMap(db)
	must(err)
	for _, e := range entries {
		fmt.Printf("%s.%s: %s\n", e.Table, e.Column, e.Strategy)
	}
	// Output:
	// subscribers.name: fixed
	// subscribers.email: template
	// subscribers.tax_number: keep
	// visits.*: delete
}

func ExamplePreviewErasure() {
	db := exampleDB(&Subscriber{}, &Visit{})
	jane := Subscriber{Name: "Jane", Email: "jane@mail.test", TaxNumber: "DE 1", Visits: []Visit{{}, {}}}
	db.Create(&jane)

	plan, err := softdelete.PreviewErasure(db, &jane)
	must(err)
	for _, t := range plan.Tables {
		fmt.Printf("%s: %d would be masked, %d deleted\n", t.Table, t.Masked, t.Deleted)
	}
	fmt.Println("held:", len(plan.Held))
	// Output:
	// subscribers: 1 would be masked, 0 deleted
	// visits: 0 would be masked, 2 deleted
	// held: 0
}

func ExampleCertificates() {
	db := erasedJane(softdelete.Config{})
	certificates, err := softdelete.Certificates(db)
	must(err)
	for _, c := range certificates {
		fmt.Println(c.Number, c.RequestID, c.SubjectTable, c.SubjectKey, c.Ground, c.Verified)
	}
	// Output:
	// 1 ticket-4711 subscribers 1 17.1.b true
}

// Certificates form a chain. Whoever changes one breaks it.
func ExampleVerifyCertificates() {
	db := erasedJane(softdelete.Config{})
	fmt.Println(softdelete.VerifyCertificates(db))

	must(db.Exec("UPDATE softdelete_certificates SET document = replace(document, '17.1.b', '17.1.a')").Error)
	fmt.Println(softdelete.VerifyCertificates(db) != nil)
	// Output:
	// <nil>
	// true
}

// Text is the certificate for people. ID and hash differ from run to run, and are masked here.
func ExampleCertificate_Text() {
	db := erasedJane(softdelete.Config{})
	certificates, err := softdelete.Certificates(db)
	must(err)
	c := certificates[0]
	text := strings.NewReplacer(c.ID, "5f0c…", c.Hash, "9b1e…", c.PolicyHash, "28bf…").Replace(c.Text())
	for _, line := range strings.Split(text, "\n") {
		fmt.Println(strings.TrimRight(line, " "))
	}
	// Output:
	// Certificate of erasure 5f0c…, number 1
	// Request:  ticket-4711
	// Subject:  table subscribers, key 1
	// Ground:   Art. 17(1)(b) GDPR
	// Erased:   2026-03-01T09:00:00Z
	//
	// Table subscribers: 1 row masked in name (fixed), email (template).
	// Kept: column tax_number of table subscribers in 1 row; legal basis: Art. 17(3)(b).
	// Before the commit the rows were read again; none of the old values was found in them.
	// Note: SQLite's secure_delete is off: free pages of the database file may hold old values until VACUUM
	//
	// Tags:     28bf…
	// Previous:
	// Hash:     9b1e…
}

// An erasure is complete once every third party has acknowledged it.
func ExampleCertificate_Complete() {
	processor := mailing{}
	db := erasedJane(softdelete.Config{Processors: []softdelete.Processor{processor}})
	for range 2 {
		certificates, err := softdelete.Certificates(db)
		must(err)
		fmt.Println(certificates[0].Complete(), certificates[0].Recipients[0].State)
		must(softdelete.DispatchErasures(db))
	}
	// Output:
	// false pending
	// mailing erases subscribers 1 for ticket-4711
	// true acknowledged
}

// mailing is a third party: the service that sends a newsletter.
type mailing struct{}

func (mailing) Name() string { return "mailing" }

func (mailing) Erase(_ context.Context, s softdelete.ErasedSubject) error {
	fmt.Println("mailing erases", s.Table, s.Key, "for", s.RequestID)
	return nil // acknowledged; an error is tried again later
}

// Third parties are told by a job that runs again and again.
func ExampleDispatchErasures() {
	db := erasedJane(softdelete.Config{Processors: []softdelete.Processor{mailing{}}})
	fmt.Println(softdelete.DispatchErasures(db))
	fmt.Println(softdelete.DispatchErasures(db)) // told once
	// Output:
	// mailing erases subscribers 1 for ticket-4711
	// <nil>
	// <nil>
}

// A webhook posts the subject as JSON, signed.
func ExampleWebhook() {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		signature := r.Header.Get(softdelete.SignatureHeader)
		fmt.Println(r.Method, r.Header.Get("Content-Type"), signature[:7])
	}))
	defer server.Close()

	crm, err := softdelete.Webhook("crm", server.URL, []byte("a secret of 32 bytes, at the least"), http.DefaultClient)
	must(err)
	db := erasedJane(softdelete.Config{Processors: []softdelete.Processor{crm}})
	fmt.Println(softdelete.DispatchErasures(db))
	// Output:
	// POST application/json sha256=
	// <nil>
}

// The ledger lies outside of the database, where no restored backup takes it along.
func ExampleFileLedger() {
	path, remove := exampleFile("erasures.jsonl")
	defer remove()
	ledger, err := softdelete.FileLedger(path)
	must(err)
	erasedJane(softdelete.Config{ErasureLedger: ledger})

	entries, err := ledger.Entries(context.Background())
	must(err)
	for _, e := range entries {
		fmt.Println(e.RequestID, e.Table, e.Key, e.Done)
	}
	// Output:
	// ticket-4711 subscribers 1 false
	// ticket-4711 subscribers 1 true
}

// After an older copy of the database came back, the erasures since are done again.
func ExampleReplayErasures() {
	path, remove := exampleFile("erasures.jsonl")
	defer remove()
	ledger, err := softdelete.FileLedger(path)
	must(err)
	erasedJane(softdelete.Config{ErasureLedger: ledger})

	backup := exampleDBAt(softdelete.Config{Models: []any{&Subscriber{}, &Visit{}}, ErasureLedger: ledger}, atNine)
	backup.Create(&Subscriber{Name: "Jane", Email: "jane@mail.test", TaxNumber: "DE 1"}) // as it was before
	report, err := softdelete.ReplayErasures(backup, ledger)
	must(err)
	fmt.Println("erased again:", report.Replayed)
	// Output: erased again: 1
}

// Draft is kept for ninety days after its deletion.
type Draft struct {
	ID        uint
	Title     string
	DeletedAt gorm.DeletedAt `softdelete:"retain:90d"`
}

func ExamplePurge() {
	now := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	db := exampleDBAt(softdelete.Config{Models: []any{&Draft{}}}, func() time.Time { return now })
	db.Create([]Draft{{Title: "One"}, {Title: "Two"}, {Title: "Three"}})
	db.Delete(&Draft{}, 1)
	now = now.AddDate(0, 0, 60)
	db.Delete(&Draft{}, 2)
	now = now.AddDate(0, 0, 30)

	report, err := softdelete.Purge(db, softdelete.PurgeOptions{DryRun: true})
	must(err)
	fmt.Println("due:", report.Models[0].Eligible)
	report, err = softdelete.Purge(db, softdelete.PurgeOptions{})
	must(err)
	fmt.Println("removed:", report.Models[0].Done)
	// Output:
	// due: 1
	// removed: 1
}

// A report prints as a table.
func ExamplePurgeReport_String() {
	db := exampleDB(&Draft{})
	report, err := softdelete.Purge(db, softdelete.PurgeOptions{})
	must(err)
	for _, line := range strings.Split(report.String(), "\n") {
		fmt.Println(strings.TrimRight(line, " "))
	}
	// Output:
	// TABLE                        THEN       ELIGIBLE       DONE   ERASED     HELD REFERENCED   FAILED NO CLOCK  REFERENCED BY            REASONS
	// drafts                       purge             0          0        0        0          0        0        0
}

// Nothing destroys a row under a hold, nor what is under the row.
func ExampleHold() {
	db := exampleDBWith(softdelete.Config{Models: []any{&Draft{}}, Holds: true})
	draft := Draft{Title: "One"}
	db.Create(&draft)

	_, err := softdelete.Hold(db, &draft, softdelete.HoldOptions{Matter: "case 7", PlacedBy: "legal"})
	must(err)
	fmt.Println("soft deletion:", db.Delete(&draft).Error)
	err = db.Unscoped().Delete(&draft).Error
	var held *softdelete.HeldError
	fmt.Println("hard deletion:", errors.As(err, &held) && held.Holds[0].Matter == "case 7")
	// Output:
	// soft deletion: <nil>
	// hard deletion: true
}

func ExampleHolds() {
	db := exampleDBWith(softdelete.Config{Models: []any{&Draft{}}, Holds: true})
	db.Create([]Draft{{Title: "One"}, {Title: "Two"}})
	for _, id := range []uint{1, 2} {
		_, err := softdelete.Hold(db, &Draft{ID: id}, softdelete.HoldOptions{Matter: "case 7", PlacedBy: "legal"})
		must(err)
	}

	holds, err := softdelete.Holds(db)
	must(err)
	for _, h := range holds {
		fmt.Println(h.Table, h.Key, h.Matter, h.PlacedAt.Format(time.DateOnly))
	}
	// Output:
	// drafts 1 case 7 2026-03-01
	// drafts 2 case 7 2026-03-01
}

func ExampleRelease() {
	db := exampleDBWith(softdelete.Config{Models: []any{&Draft{}}, Holds: true})
	draft := Draft{Title: "One"}
	db.Create(&draft)
	id, err := softdelete.Hold(db, &draft, softdelete.HoldOptions{Matter: "case 7"})
	must(err)

	fmt.Println(errors.Is(db.Unscoped().Delete(&draft).Error, softdelete.ErrHeld))
	must(softdelete.Release(db, id))
	fmt.Println(db.Unscoped().Delete(&draft).Error)
	// Output:
	// true
	// <nil>
}

// Trip goes to the cold store a year after its deletion.
type Trip struct {
	ID        uint
	Place     string
	DeletedAt gorm.DeletedAt `softdelete:"retain:1y;then:cold"`
}

// chilledTrip is a database whose only trip is in the cold store, and the batch that it is in.
func chilledTrip(store softdelete.ColdStore) (db *gorm.DB, batch string) {
	now := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	db = exampleDBAt(softdelete.Config{Models: []any{&Trip{}}, ColdStore: store}, func() time.Time { return now })
	db.Create(&Trip{Place: "Sea"})
	db.Delete(&Trip{}, 1)
	now = now.AddDate(1, 0, 0)
	report, err := softdelete.Purge(db, softdelete.PurgeOptions{})
	must(err)
	return db, report.Models[0].ColdBatches[0]
}

// A directory as a cold store: the rows as compressed JSON Lines, and a manifest with counts and hashes.
func ExampleDirColdStore() {
	dir, remove := exampleFile("cold")
	defer remove()
	store, err := softdelete.DirColdStore(dir)
	must(err)
	_, id := chilledTrip(store)

	batch, err := store.Get(context.Background(), id)
	must(err)
	fmt.Println(batch.Model, batch.Table, len(batch.Rows), batch.Rows[0]["place"])
	// Output:
	// Trip trips 1 Sea
}

// Rows in the cold store come back live.
func ExampleThaw() {
	dir, remove := exampleFile("cold")
	defer remove()
	store, err := softdelete.DirColdStore(dir)
	must(err)
	db, id := chilledTrip(store)

	rows, err := softdelete.Thaw(db, id)
	must(err)
	var trip Trip
	must(db.First(&trip).Error)
	fmt.Println(rows, trip.Place)
	// Output: 1 Sea
}

// A janitor purges by itself, until its context ends.
func ExampleNewJanitor() {
	db := exampleDB(&Draft{})
	ctx, stop := context.WithCancel(context.Background())
	janitor := softdelete.NewJanitor(db, softdelete.JanitorConfig{
		Every:  time.Hour,
		Logger: slog.New(slog.DiscardHandler),
	})
	stop() // an application does so when it ends
	fmt.Println(janitor.Run(ctx))
	// Output: context canceled
}

// Run purges at once, and then each hour.
func ExampleJanitor_Run() {
	now := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	db := exampleDBAt(softdelete.Config{Models: []any{&Draft{}}}, func() time.Time { return now })
	db.Create(&Draft{Title: "One"})
	db.Delete(&Draft{}, 1)
	now = now.AddDate(0, 0, 90)

	ctx, stop := context.WithCancel(context.Background())
	err := softdelete.NewJanitor(db, softdelete.JanitorConfig{
		Every: time.Hour,
		Purge: softdelete.PurgeOptions{Progress: func(p softdelete.PurgeProgress) {
			fmt.Println("purged", p.Done, "of", p.Table)
			stop()
		}},
		Logger: slog.New(slog.DiscardHandler),
	}).Run(ctx)
	fmt.Println(err)
	// Output:
	// purged 1 of drafts
	// context canceled
}
