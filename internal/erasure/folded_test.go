package erasure_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// A person is named by a key that the database takes for theirs, in whatever letters, and what refers to them may have others again.

type (
	foldedPerson struct {
		_         struct{} `softdelete:"events"`
		ID        string   `gorm:"primaryKey;type:text COLLATE NOCASE"`
		CreatedAt time.Time
		Name      *string `pii:"null"`
		DeletedAt gorm.DeletedAt
		Letters   []foldedLetter `gorm:"foreignKey:PersonID;constraint:-" softdelete:"cascade"`
		Bills     []foldedBill   `gorm:"foreignKey:PersonID;constraint:-" softdelete:"cascade"`
		Slips     []foldedSlip   `gorm:"foreignKey:PersonID;constraint:-" softdelete:"cascade"`
	}
	foldedLetter struct {
		_         struct{} `softdelete:"events"`
		ID        uint
		PersonID  string
		Text      *string `pii:"null"`
		DeletedAt gorm.DeletedAt
	}
	// foldedVisit says whose it is by a column that takes letters as they are.
	foldedVisit struct {
		_     struct{} `softdelete:"events"`
		ID    uint
		Who   fixture.Unfolded `pii:"subject:foldedPerson"`
		Place *string          `pii:"null"`
	}
	foldedBill struct {
		_        struct{} `softdelete:"archive;retain:30d;then:cold"`
		ID       uint
		PersonID string  `gorm:"type:text COLLATE NOCASE"`
		Name     *string `pii:"null"`
	}
	// foldedSlip is archived itself, with a person's key in its own.
	foldedSlip struct {
		_        struct{} `softdelete:"archive;retain:30d;then:cold"`
		PersonID string   `gorm:"primaryKey;type:text COLLATE NOCASE"`
		Number   int      `gorm:"primaryKey;autoIncrement:false"`
		Name     *string  `pii:"null"`
	}
)

func foldedModels() []any {
	return []any{&foldedPerson{}, &foldedLetter{}, &foldedVisit{}, &foldedBill{}, &foldedSlip{}}
}

func TestAPersonIsErasedByAnyLettersOfTheirKey(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fixture.Fold(t, database)
		store, _ := fixture.ColdDir(t)
		ledger, err := softdelete.FileLedger(filepath.Join(t.TempDir(), "ledger"))
		require.NoError(t, err)
		party := fixture.NewParty("crm", 0)
		s := fixture.NewStage(t, database, softdelete.Config{
			Models: foldedModels(), ColdStore: store, Holds: true, Ledger: true, ErasureLedger: ledger, Processors: []softdelete.Processor{party},
		})
		secret := func() *string { text := "secret " + t.Name(); return &text }
		s.Add(&foldedPerson{ID: "ANN", Name: secret()})
		require.NoError(t, s.Model(&foldedPerson{ID: "ANN"}).UpdateColumn("id", "ann").Error)
		s.Add(&foldedPerson{ID: "bob", Name: secret()}, &foldedLetter{ID: 9, PersonID: "BOB", Text: secret()}, &foldedBill{ID: 9, PersonID: "Bob", Name: secret()})
		s.Add(&foldedLetter{ID: 1, PersonID: "Ann", Text: secret()}, &foldedLetter{ID: 2, PersonID: "aNn", Text: secret()})
		require.NoError(t, s.Unscoped().Delete(&foldedLetter{ID: 2}).Error, "it is in the log only")
		s.Add(&foldedVisit{ID: 1, Who: "AnN", Place: secret()}, &foldedVisit{ID: 2, Who: "aNN", Place: secret()}, &foldedVisit{ID: 9, Who: "bob", Place: secret()})
		require.NoError(t, s.Unscoped().Delete(&foldedVisit{ID: 2}).Error)
		s.Add(&foldedBill{ID: 1, PersonID: "AnN", Name: secret()}, &foldedSlip{PersonID: "aNN", Number: 1, Name: secret()}, &foldedBill{ID: 2, PersonID: "anN", Name: secret()})
		s.DeleteAgo(40*fixture.Day, &[]foldedBill{{ID: 1}, {ID: 9}})
		s.DeleteAgo(40*fixture.Day, &foldedSlip{PersonID: "ann", Number: 1})
		_, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		why := s.WithContext(softdelete.WithReason(t.Context(), *secret()))
		require.NoError(t, why.Delete(&foldedPerson{ID: "aNN"}).Error)
		_, err = softdelete.Restore(s.DB, &foldedPerson{ID: "AnN"})
		require.NoError(t, err)

		preview, err := softdelete.PreviewErasure(s.DB, &foldedPerson{ID: "AnN"})
		require.NoError(t, err)
		require.NotEmpty(t, preview.Tables)
		c, err := softdelete.Erase(s.DB, &foldedPerson{ID: "AnN"}, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
		require.True(t, c.Verified)
		require.Equal(t, "ann", c.SubjectKey)
		counts := erasedCounts(c.Tables)
		for table, rows := range map[string]int64{"folded_people": 1, "folded_letters": 1, "folded_visits": 1, "folded_bills": 1, "folded_bills_archive": 1, "folded_slips_archive": 1} {
			require.Equal(t, rows, counts[table][0], "%s of %v", table, counts)
		}
		for _, table := range []string{"folded_people_events", "folded_letters_events", "folded_visits_events"} {
			require.Equal(t, 1, fixture.Rows(t, s.DB, table, fixture.Text(s.DB, "data")+" LIKE '%secret%'"), "bob's alone, in %s", table)
		}
		require.Zero(t, fixture.Rows(t, s.DB, "softdelete_deletions", "reason <> ''"))
		require.NoError(t, softdelete.DispatchErasures(s.DB))
		require.Equal(t, "ann", party.Told()[0].Key)
		for _, id := range []string{"ann", "ANN"} {
			again, err := softdelete.Erase(s.DB, &foldedPerson{ID: id}, softdelete.ErasureRequest{ID: "r"})
			require.NoError(t, err, "the same subject")
			require.Equal(t, c.Hash, again.Hash)
		}
		_, err = softdelete.Erase(s.DB, &foldedPerson{ID: "bob"}, softdelete.ErasureRequest{ID: "r"})
		require.ErrorIs(t, err, softdelete.ErrRequest)
		report, err := softdelete.ReplayErasures(s.DB, ledger)
		require.NoError(t, err)
		require.Equal(t, softdelete.ReplayReport{AlreadyErased: 1}, report)

		require.NoError(t, s.Unscoped().Delete(&foldedPerson{ID: "ANN"}).Error)
		again, err := softdelete.Erase(s.DB, &foldedPerson{ID: "aNN"}, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err, "the same subject, which is in the log only")
		require.Equal(t, c.Hash, again.Hash)
	})
}

func TestAPersonInTheLogOnlyIsErasedByAnyLettersOfTheirKey(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fixture.Fold(t, database)
		s := fixture.NewStage(t, database, softdelete.Config{Models: foldedModels(), ColdStore: func() softdelete.ColdStore { store, _ := fixture.ColdDir(t); return store }()})
		name := "secret"
		for _, id := range []string{"ann", "ANN"} {
			s.Add(&foldedPerson{ID: id, Name: &name})
			require.NoError(t, s.Unscoped().Delete(&foldedPerson{ID: id}).Error)
		}
		c, err := softdelete.Erase(s.DB, &foldedPerson{ID: "Ann"}, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
		require.Contains(t, []string{"ann", "ANN"}, c.SubjectKey)
		require.Zero(t, fixture.Rows(t, s.DB, "folded_people_events", fixture.Text(s.DB, "data")+" LIKE '%secret%'"))
	})
}

func TestAPersonInColdStorageOnlyIsErasedByAnyLettersOfTheirKey(t *testing.T) {
	type foldedClient struct {
		_         struct{} `softdelete:"archive;retain:30d;then:cold"`
		ID        string   `gorm:"primaryKey;type:text COLLATE NOCASE"`
		CreatedAt time.Time
		Name      *string `pii:"null"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fixture.Fold(t, database)
		store, _ := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&foldedClient{}}, ColdStore: store})
		name := "secret"
		s.Add(&foldedClient{ID: "ann", Name: &name}, &foldedClient{ID: "bob", Name: &name})
		s.DeleteAgo(40*fixture.Day, &[]foldedClient{{ID: "ANN"}, {ID: "BOB"}})
		purged, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		c, err := softdelete.Erase(s.DB, &foldedClient{ID: "aNN"}, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
		require.Equal(t, "ann", c.SubjectKey)
		_, err = softdelete.Thaw(s.DB, purged.Models[0].ColdBatches[0])
		require.NoError(t, err)
		require.Equal(t, 1, fixture.Rows(t, s.DB, "folded_clients", "name IS NOT NULL"))
	})
}

func TestAColumnThatSaysWhoseARowIsTakesTheLettersOfTheSubjectsKey(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fixture.Fold(t, database)
		store, _ := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: foldedModels(), ColdStore: store})
		place := "secret"
		s.Add(&foldedPerson{ID: "ann"}, &foldedVisit{ID: 1, Who: "ANN", Place: &place}, &foldedVisit{ID: 2, Who: "bob", Place: &place})
		_, err := softdelete.Erase(s.DB, &foldedPerson{ID: "ann"}, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
		require.Equal(t, 1, fixture.Rows(t, s.DB, "folded_visits", "place IS NOT NULL"))
	})
}
