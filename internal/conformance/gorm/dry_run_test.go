package gorm_test

import (
	"context"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What the functions of the plugin do in a session with DryRun.

type rehearsedUser struct {
	_         struct{} `softdelete:"events"`
	ID        uint
	CreatedAt time.Time
	Email     string         `pii:"fixed:erased"`
	DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
}

// rehearsal is what the functions are about: user 1 is live, under a hold, and damaged by raw SQL; user 2 is deleted and due; user 3
// is in cold storage; user 4 is erased and user 5 live.
type rehearsal struct {
	hold     softdelete.HoldID
	deletion softdelete.DeletionID
	batch    string
	ledger   softdelete.ErasureLedger
	now      time.Time
}

// rehearsedCalls are all functions of the public API that take a *gorm.DB. One that reads answers as ever, one that has a plan
// tells it, and one that would only write refuses.
var rehearsedCalls = map[string]struct {
	reads, plans, refuses func(db *gorm.DB, r rehearsal) (any, error)
	neither               bool
}{
	"Holds": {reads: func(db *gorm.DB, _ rehearsal) (any, error) { return softdelete.Holds(db) }},
	"History": {reads: func(db *gorm.DB, _ rehearsal) (any, error) {
		return softdelete.History(db, &rehearsedUser{ID: 1})
	}},
	"AsOf": {reads: func(db *gorm.DB, r rehearsal) (any, error) {
		user := rehearsedUser{ID: 1}
		err := softdelete.AsOf(db, &user, r.now)
		return user, err
	}},
	"PreviewErasure": {reads: func(db *gorm.DB, _ rehearsal) (any, error) {
		return softdelete.PreviewErasure(db, &rehearsedUser{ID: 5})
	}},
	"Certificates":       {reads: func(db *gorm.DB, _ rehearsal) (any, error) { return softdelete.Certificates(db) }},
	"VerifyCertificates": {reads: func(db *gorm.DB, _ rehearsal) (any, error) { return "", softdelete.VerifyCertificates(db) }},
	"DataMap":            {reads: func(db *gorm.DB, _ rehearsal) (any, error) { return softdelete.DataMap(db) }},
	"DDL":                {reads: func(db *gorm.DB, _ rehearsal) (any, error) { return softdelete.DDL(db) }},
	"DDLScript":          {neither: true}, // as DDL

	"Delete": {plans: func(db *gorm.DB, _ rehearsal) (any, error) { return softdelete.Delete(db, &rehearsedUser{ID: 5}) }},
	"Preview": {plans: func(db *gorm.DB, _ rehearsal) (any, error) {
		return softdelete.Preview(db, &rehearsedUser{ID: 5})
	}},
	"Restore": {plans: func(db *gorm.DB, _ rehearsal) (any, error) { return softdelete.Restore(db, &rehearsedUser{ID: 2}) }},
	"PreviewRestore": {plans: func(db *gorm.DB, _ rehearsal) (any, error) {
		return softdelete.PreviewRestore(db, &rehearsedUser{ID: 2})
	}},
	"RestoreDeletion": {plans: func(db *gorm.DB, r rehearsal) (any, error) { return softdelete.RestoreDeletion(db, r.deletion) }},
	"Purge": {plans: func(db *gorm.DB, _ rehearsal) (any, error) {
		return softdelete.Purge(db, softdelete.PurgeOptions{})
	}},
	"NewJanitor": {neither: true}, // calls Purge

	"Hold": {refuses: func(db *gorm.DB, _ rehearsal) (any, error) {
		return softdelete.Hold(db, &rehearsedUser{ID: 5}, softdelete.HoldOptions{Matter: "m"})
	}},
	"Release": {refuses: func(db *gorm.DB, r rehearsal) (any, error) { return "", softdelete.Release(db, r.hold) }},
	"Erase": {refuses: func(db *gorm.DB, _ rehearsal) (any, error) {
		return softdelete.Erase(db, &rehearsedUser{ID: 5}, softdelete.ErasureRequest{ID: "two"})
	}},
	"Rebuild":          {refuses: func(db *gorm.DB, _ rehearsal) (any, error) { return softdelete.Rebuild(db, &rehearsedUser{}) }},
	"Thaw":             {refuses: func(db *gorm.DB, r rehearsal) (any, error) { return softdelete.Thaw(db, r.batch) }},
	"DispatchErasures": {refuses: func(db *gorm.DB, _ rehearsal) (any, error) { return "", softdelete.DispatchErasures(db) }},
	"ReplayErasures": {refuses: func(db *gorm.DB, r rehearsal) (any, error) {
		return softdelete.ReplayErasures(db, r.ledger)
	}},
}

func TestEveryFunctionThatTakesASessionIsAskedForItsDryRun(t *testing.T) {
	api, err := os.ReadFile("../../../testdata/api.txt")
	require.NoError(t, err)
	for _, found := range regexp.MustCompile(`(?m)^\tfunc (\w+)\(\*gorm\.DB`).FindAllStringSubmatch(string(api), -1) {
		require.Contains(t, rehearsedCalls, found[1], "say in rehearsedCalls what it does in a dry run")
	}
}

func TestFunctionsAnswerInADryRunOrRefuseIt(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, err := softdelete.DirColdStore(t.TempDir())
		require.NoError(t, err)
		r := rehearsal{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		r.ledger, err = softdelete.FileLedger(t.TempDir() + "/ledger")
		require.NoError(t, err)
		told := 0
		config := softdelete.Config{
			Models: []any{&rehearsedUser{}}, Holds: true, Ledger: true, ColdStore: store, ErasureLedger: r.ledger,
			Processors: []softdelete.Processor{recipient{&told}},
		}
		db := fixture.Open(t, database, config, &gorm.Config{NowFunc: func() time.Time { return r.now }})
		for id := uint(1); id <= 5; id++ {
			require.NoError(t, db.Create(&rehearsedUser{ID: id, Email: "mail"}).Error)
		}
		require.NoError(t, db.Delete(&rehearsedUser{ID: 3}).Error)
		r.now = r.now.AddDate(0, 0, 2)
		purged, err := softdelete.Purge(db, softdelete.PurgeOptions{})
		require.NoError(t, err)
		r.batch = purged.Models[0].ColdBatches[0]
		report, err := softdelete.Delete(db, &rehearsedUser{ID: 2})
		require.NoError(t, err)
		r.deletion = report.DeletionID
		_, err = softdelete.Erase(db, &rehearsedUser{ID: 4}, softdelete.ErasureRequest{ID: "one"})
		require.NoError(t, err)
		r.hold, err = softdelete.Hold(db, &rehearsedUser{ID: 1}, softdelete.HoldOptions{Matter: "m"})
		require.NoError(t, err)
		r.now = r.now.AddDate(0, 0, 2)
		fixture.Exec(t, db, "UPDATE rehearsed_users SET email = 'damaged' WHERE id = 1")

		everything := append(softdelete.Tables(), &rehearsedUser{})
		before := fixture.Dump(t, db, everything...)
		dry := db.Session(&gorm.Session{DryRun: true})
		for name, call := range rehearsedCalls {
			t.Run(name, func(t *testing.T) {
				switch {
				case call.reads != nil:
					want, err := call.reads(db, r)
					require.NoError(t, err)
					for how, session := range map[string]*gorm.DB{"a session": dry, "a chain": dry.Clauses()} {
						got, err := call.reads(session, r)
						require.NoError(t, err, how)
						require.Equal(t, want, got, how)
					}
					require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
						got, err := call.reads(tx.Session(&gorm.Session{DryRun: true}), r)
						require.Equal(t, want, got, "in a transaction")
						return err
					}))
				case call.plans != nil:
					got, err := call.plans(dry, r)
					require.NoError(t, err)
					if report, ok := got.(softdelete.Report); ok && name == "Delete" {
						require.Empty(t, report.DeletionID, "no row carries it")
					}
				case call.refuses != nil:
					_, err := call.refuses(dry, r)
					require.ErrorIs(t, err, softdelete.ErrUnsupported)
					require.ErrorContains(t, err, "dry run")
				}
				require.Equal(t, before, fixture.Dump(t, db, everything...))
				require.Zero(t, told)
				require.True(t, dry.DryRun)
			})
		}
	})
}

// recipient is a third party that notes when it is told.
type recipient struct{ told *int }

func (recipient) Name() string { return "recipient" }

func (r recipient) Erase(context.Context, softdelete.ErasedSubject) error {
	*r.told++
	return nil
}
