package archive_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// manyParcels is more than are restored by their keys.
const manyParcels = 150

type manyParcel struct {
	_     struct{} `softdelete:"archive"`
	ID    uint
	Batch int
	Code  string `gorm:"uniqueIndex"`
}

// manyStage has many parcels of batch 1 and one of batch 2, all live.
type manyStage struct {
	*testing.T
	db *gorm.DB
}

func newManyStage(t *testing.T, database *testdb.Database, before ...string) manyStage {
	t.Helper()
	db := database.Open(t)
	for _, table := range []string{"many_parcels_of_old", "many_parcels", "many_parcels_archive"} {
		fixture.Exec(t, db, "DROP TABLE IF EXISTS "+table)
	}
	fixture.Exec(t, db, before...)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&manyParcel{}}})))
	require.NoError(t, db.AutoMigrate(&manyParcel{}))
	s := manyStage{t, db}
	s.create(1, 1, manyParcels)
	s.create(2, 1001, 1)
	return s
}

func (s manyStage) create(batch int, first uint, rows int) {
	s.Helper()
	list := make([]manyParcel, rows)
	for i := range list {
		list[i] = manyParcel{ID: first + uint(i), Batch: batch, Code: fmt.Sprint("code ", batch, " ", i)}
	}
	require.NoError(s, s.db.Create(&list).Error)
}

func (s manyStage) delete(batch int) {
	s.Helper()
	require.NoError(s, s.db.Where("batch = ?", batch).Delete(&manyParcel{}).Error)
}

// restore restores batch 1, and gives what was sent.
func (s manyStage) restore(db *gorm.DB) (report softdelete.Report, sent []string, err error) {
	s.Helper()
	recorder := testdb.Record(db)
	report, err = softdelete.Restore(db.Where("batch = ?", 1), &manyParcel{})
	return report, recorder.Statements(), err
}

func (s manyStage) requireLive(batch, rows int) {
	s.Helper()
	var live int64
	require.NoError(s, s.db.Model(&manyParcel{}).Where("batch = ?", batch).Count(&live).Error)
	require.EqualValues(s, rows, live, "of batch %d", batch)
}

// asksEach tells whether statements ask each row that comes back for others of its key or of its values.
func asksEach(sent []string) bool {
	return slices.ContainsFunc(sent, func(sql string) bool {
		return !strings.Contains(sql, "LIMIT 101") && !strings.Contains(sql, "softdelete_earlier") &&
			(strings.Contains(sql, "softdelete_later") || strings.Contains(sql, "AS other WHERE"))
	})
}

func TestManyArchivedRowsOfOneDeletionComeBackWithoutAskingEach(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newManyStage(t, database)
		ways := map[string]func(db *gorm.DB) *gorm.DB{
			"as it is":               func(db *gorm.DB) *gorm.DB { return db },
			"prepared statements":    func(db *gorm.DB) *gorm.DB { return db.Session(&gorm.Session{PrepareStmt: true}) },
			"in a transaction":       func(db *gorm.DB) *gorm.DB { return db.Begin() },
			"by the name of a model": func(db *gorm.DB) *gorm.DB { return db.Model(&manyParcel{}) },
		}
		for name, way := range ways {
			s.delete(1)
			db := way(s.db)
			report, sent, err := s.restore(db)
			require.NoError(t, err, name)
			if _, open := db.Statement.ConnPool.(gorm.TxCommitter); open {
				require.NoError(t, db.Commit().Error)
			}
			require.False(t, asksEach(sent), "%s:\n%s", name, strings.Join(sent, "\n"))
			require.EqualValues(t, manyParcels, report.Effects[0].Rows, name)
			require.NotEmpty(t, report.DeletionID, name)
			require.False(t, report.At.IsZero(), name)
			s.requireLive(1, manyParcels)
			require.Zero(t, fixture.Rows(t, s.db, "many_parcels_archive"), name)
		}
	})
}

func TestManyArchivedRowsComeBackByTheIDOfTheirDeletionWithoutAskingEach(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newManyStage(t, database)
		deleted, err := softdelete.Delete(s.db.Where("batch = 1"), &manyParcel{})
		require.NoError(t, err)
		s.delete(2)
		// A key that is used and archived again does not matter: the deletion is told.
		require.NoError(t, s.db.Create(&manyParcel{ID: 9, Batch: 5, Code: "again"}).Error)
		s.delete(5)
		require.NoError(t, s.db.Create(&manyParcel{ID: 7, Batch: 6, Code: "in the way"}).Error)
		_, err = softdelete.RestoreDeletion(s.db, deleted.DeletionID)
		var conflict *softdelete.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, []string{"7"}, conflict.LiveKeys)
		s.requireLive(1, 0)
		require.NoError(t, s.db.Exec("DELETE FROM many_parcels WHERE id = 7").Error)
		recorder := testdb.Record(s.db)
		report, err := softdelete.RestoreDeletion(s.db, deleted.DeletionID)
		require.NoError(t, err)
		require.False(t, asksEach(recorder.Statements()))
		require.EqualValues(t, manyParcels, report.Rows())
		require.Equal(t, deleted.DeletionID, report.DeletionID)
		s.requireLive(1, manyParcels)
		require.Equal(t, 2, fixture.Rows(t, s.db, "many_parcels_archive"), "batch 2, and key 9 of batch 5")
	})
}

type manyBranch struct {
	_        struct{} `softdelete:"archive"`
	ID       uint
	ParentID *uint        `gorm:"index"`
	Branches []manyBranch `gorm:"foreignKey:ParentID" softdelete:"cascade"`
}

// Rows of a tree stand under each other: what comes back is more than the rows that a condition tells.
func TestManyArchivedTreesComeBackByOneRestore(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&manyBranch{}})
		var roots []manyBranch
		for i := range uint(manyParcels) {
			roots = append(roots, manyBranch{ID: i + 1, Branches: []manyBranch{{ID: 1001 + i}}})
		}
		require.NoError(t, db.Create(&roots).Error)
		restores := map[string]func(id softdelete.DeletionID) error{
			"by a condition": func(softdelete.DeletionID) error {
				_, err := softdelete.Restore(db.Where("parent_id IS NULL"), &manyBranch{})
				return err
			},
			"by the deletion": func(id softdelete.DeletionID) error {
				_, err := softdelete.RestoreDeletion(db, id)
				return err
			},
		}
		for name, restore := range restores {
			deleted, err := softdelete.Delete(db.Where("parent_id IS NULL"), &manyBranch{})
			require.NoError(t, err, name)
			recorder := testdb.Record(db)
			require.NoError(t, restore(deleted.DeletionID), name)
			begun := slices.DeleteFunc(recorder.Statements(), func(sql string) bool { return sql != "BEGIN" })
			require.Len(t, begun, 1, name)
			require.Equal(t, 2*manyParcels, fixture.Rows(t, db, "many_branches"), name)
			require.Zero(t, fixture.Rows(t, db, "many_branches_archive"), name)
		}
	})
}

// What the short way leaves to the database is found all the same, and told as fully.
func TestManyArchivedRowsThatConflictStayArchivedAndAllConflictsAreTold(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		stages := map[string]func(s manyStage){
			"as migrated": func(manyStage) {},
			"by a unique index that another process has dropped": func(s manyStage) {
				s.delete(1)
				_, _, err := s.restore(s.db) // the catalogue is known
				require.NoError(s, err)
				require.NoError(s, database.Open(t).Migrator().DropIndex("many_parcels", "idx_many_parcels_code"))
			},
		}
		for name, prepare := range stages {
			t.Run(name, func(t *testing.T) {
				s := newManyStage(t, database)
				prepare(s)
				s.delete(1)
				require.NoError(t, s.db.Create(&[]manyParcel{{ID: 7, Batch: 3, Code: "another"}, {ID: 1002, Batch: 3, Code: "code 1 9"}}).Error)
				for _, db := range []*gorm.DB{s.db, s.db.Begin()} {
					_, _, err := s.restore(db)
					require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
					taken := map[string][]string{}
					for _, conflict := range conflictsIn(err) {
						taken[strings.Join(conflict.Columns, " ")] = conflict.LiveKeys
					}
					require.Equal(t, map[string][]string{"id": {"7"}, "code": {"1002"}}, taken)
					if _, open := db.Statement.ConnPool.(gorm.TxCommitter); open {
						require.NoError(t, db.Create(&manyParcel{ID: 1003, Batch: 4, Code: "the transaction goes on"}).Error)
						require.NoError(t, db.Commit().Error)
					}
				}
				s.requireLive(1, 0)
				s.requireLive(3, 2)
				require.Equal(t, manyParcels, fixture.Rows(t, s.db, "many_parcels_archive"))
				require.NoError(t, s.db.Unscoped().Exec("DELETE FROM many_parcels WHERE batch = 3").Error)
				_, _, err := s.restore(s.db)
				require.NoError(t, err)
				s.requireLive(1, manyParcels)
			})
		}
	})
}

// conflictsIn lists all conflicts that an error tells of.
func conflictsIn(err error) (list []*softdelete.ConflictError) {
	var conflict *softdelete.ConflictError
	switch several, ok := err.(interface{ Unwrap() []error }); { //nolint:errorlint // each layer is looked at
	case errors.As(err, &conflict) && error(conflict) == err:
		return []*softdelete.ConflictError{conflict}
	case ok:
		for _, one := range several.Unwrap() {
			list = append(list, conflictsIn(one)...)
		}
		return list
	case errors.Unwrap(err) != nil:
		return conflictsIn(errors.Unwrap(err))
	}
	return nil
}

// An index that does not refuse a row when it is written is not left to. MySQL has none.
func TestManyArchivedRowsAreAskedWhereTheDatabaseWouldNotRefuseOne(t *testing.T) {
	testdb.EachOf(t, testdb.DeferredKeys, func(t *testing.T, database *testdb.Database) {
		before, after := map[string][]string{}, map[string][]string{}
		if database.Name == "postgres" {
			after["a constraint that is looked at in the end"] = []string{
				"ALTER TABLE many_parcels DROP CONSTRAINT many_parcels_pkey, ADD PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED",
			}
			after["a table that others inherit from"] = []string{"CREATE TABLE many_parcels_of_old () INHERITS (many_parcels)"}
		} else {
			before["a key whose rows take the place of others"] = []string{
				"CREATE TABLE many_parcels (id integer PRIMARY KEY ON CONFLICT REPLACE, batch integer, code text)",
			}
			before["a key that is not the row's number"] = []string{
				"CREATE TABLE many_parcels (id integer, batch integer, code text, PRIMARY KEY (id) ON CONFLICT IGNORE) WITHOUT ROWID",
			}
		}
		for name := range mergedNames(before, after) {
			t.Run(name, func(t *testing.T) {
				s := newManyStage(t, database, before[name]...)
				fixture.Exec(t, s.db, after[name]...)
				s.delete(1)
				table := "many_parcels"
				if strings.Contains(name, "inherit") {
					table = "many_parcels_of_old"
				}
				fixture.Exec(t, s.db, "INSERT INTO "+table+" (id, batch, code) VALUES (7, 3, 'the live one')")
				_, _, err := s.restore(s.db)
				var conflict *softdelete.ConflictError
				require.ErrorAs(t, err, &conflict)
				require.Equal(t, []string{"7"}, conflict.LiveKeys)
				require.NoError(t, conflict.Cause, "found before a row was written")
				s.requireLive(1, 0)
				s.requireLive(3, 1)
				require.Equal(t, manyParcels, fixture.Rows(t, s.db, "many_parcels_archive"))
			})
		}
	})
}

func mergedNames(lists ...map[string][]string) map[string]bool {
	names := map[string]bool{}
	for _, list := range lists {
		for name := range list {
			names[name] = true
		}
	}
	return names
}

// Whatever lies among or behind the rows of a deletion, those come back that the caller asks for, of a key the last one.
func TestManyArchivedRowsComeBackWhateverWasArchivedBesideThem(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		facts := map[string]struct {
			do   func(s manyStage)
			want int
		}{
			"another deletion before": {func(s manyStage) { s.delete(2); s.delete(1) }, manyParcels},
			"another deletion behind": {func(s manyStage) { s.delete(1); s.delete(2) }, manyParcels},
			"two deletions of the batch": {func(s manyStage) {
				require.NoError(s, s.db.Where("batch = 1 AND id < 100").Delete(&manyParcel{}).Error)
				s.delete(1)
			}, manyParcels},
			"one of them was restored before": {func(s manyStage) {
				s.delete(1)
				_, err := softdelete.Restore(s.db, &manyParcel{ID: 9})
				require.NoError(s, err)
			}, manyParcels},
			"a key was used again, and is archived for another batch": {func(s manyStage) {
				s.delete(1)
				require.NoError(s, s.db.Create(&manyParcel{ID: 9, Batch: 5, Code: "again"}).Error)
				s.delete(5)
			}, manyParcels - 1},
			"all keys were used again, and are archived for another batch": {func(s manyStage) {
				s.delete(1)
				s.create(5, 1, manyParcels)
				s.create(6, 2001, manyParcels)
				require.NoError(s, s.db.Where("batch IN (5, 6)").Delete(&manyParcel{}).Error)
			}, 0},
			"all keys were used again, and are archived for the batch again": {func(s manyStage) {
				s.delete(1)
				s.create(1, 1, manyParcels)
				s.delete(1)
			}, manyParcels},
			"a key was used again before": {func(s manyStage) {
				require.NoError(s, s.db.Delete(&manyParcel{ID: 9}).Error)
				require.NoError(s, s.db.Create(&manyParcel{ID: 9, Batch: 1, Code: "again"}).Error)
				s.delete(1)
			}, manyParcels},
		}
		for name, fact := range facts {
			t.Run(name, func(t *testing.T) {
				s := newManyStage(t, database)
				fact.do(s)
				_, _, err := s.restore(s.db)
				require.NoError(t, err)
				s.requireLive(1, fact.want)
			})
		}
	})
}

// A fault at any statement leaves the rows where they were.
func TestManyArchivedRowsComeBackAsAWholeOrNotAtAll(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newManyStage(t, database)
		s.delete(1)
		failure, faults := errors.New("the disk is gone"), testdb.Inject(s.db)
		for n := 1; ; n++ {
			faults.FailAt(n, failure)
			_, _, err := s.restore(s.db)
			reached := faults.Count() >= n
			faults.Reset()
			if !reached {
				require.NoError(t, err)
				break
			}
			if err == nil { // drivers pass the error of a SAVEPOINT over
				s.delete(1)
				continue
			}
			require.ErrorIs(t, err, failure)
			s.requireLive(1, 0)
			require.Equal(t, manyParcels, fixture.Rows(t, s.db, "many_parcels_archive"))
			testdb.NothingLeft(t, s.db)
		}
		s.requireLive(1, manyParcels)
	})
}
