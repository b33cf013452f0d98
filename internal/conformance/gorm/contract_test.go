package gorm_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// contractTeam takes its members with it; both have hooks and an updated_at.
type contractTeam struct {
	ID         uint
	Name       string
	UpdatedAt  time.Time
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Members    []contractMember `gorm:"foreignKey:TeamID" softdelete:"cascade"`
	Notes      []contractNote   `gorm:"foreignKey:TeamID;constraint:-"`
}

type contractMember struct {
	ID         uint
	TeamID     uint
	Name       string
	UpdatedAt  time.Time
	Status     string `softdelete:"status;active:on"`
	DeletionID softdelete.DeletionID
}

type contractNote struct {
	gorm.Model
	TeamID *uint
	Text   string
}

// contractHookKey finds the contractHook that the models' hooks call in the statement's context.
type contractHookKey struct{}

type contractHook func(tx *gorm.DB, hook string, row any) error

func callContractHook(tx *gorm.DB, hook string, row any) error {
	if call, ok := tx.Statement.Context.Value(contractHookKey{}).(contractHook); ok {
		return call(tx, hook, row)
	}
	return nil
}

func (c *contractTeam) BeforeDelete(tx *gorm.DB) error {
	return callContractHook(tx, "BeforeDelete", c)
}

func (c *contractTeam) AfterDelete(tx *gorm.DB) error { return callContractHook(tx, "AfterDelete", c) }

func (c *contractTeam) BeforeRestore(tx *gorm.DB) error {
	return callContractHook(tx, "BeforeRestore", c)
}

func (c *contractTeam) AfterRestore(tx *gorm.DB) error {
	return callContractHook(tx, "AfterRestore", c)
}

func (c *contractMember) BeforeDelete(tx *gorm.DB) error {
	return callContractHook(tx, "BeforeDelete", c)
}

func (c *contractMember) AfterDelete(tx *gorm.DB) error {
	return callContractHook(tx, "AfterDelete", c)
}

// newContract opens a database with the teams 1 "one", with two members and a note, 2 "two", with a member, and 3 "three".
func newContract(t *testing.T, database *testdb.Database, options ...gorm.Option) *gorm.DB {
	t.Helper()
	db := database.Open(t, options...)
	models := []any{&contractTeam{}, &contractMember{}}
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
	require.NoError(t, db.AutoMigrate(append(models, &contractNote{})...))
	require.NoError(t, db.Create(&[]contractTeam{
		{Name: "one", Members: []contractMember{{Name: "a", Status: "on"}, {Name: "b", Status: "off"}}, Notes: []contractNote{{Text: "x"}}},
		{Name: "two", Members: []contractMember{{Name: "c", Status: "on"}}},
		{Name: "three"},
	}).Error)
	return db
}

// contractLive names the live teams and members.
func contractLive(t *testing.T, db *gorm.DB) string {
	t.Helper()
	var teams, members []string
	fresh := db.Session(&gorm.Session{NewDB: true})
	require.NoError(t, fresh.Model(&contractTeam{}).Order("id").Pluck("name", &teams).Error)
	require.NoError(t, fresh.Model(&contractMember{}).Order("id").Pluck("name", &members).Error)
	return strings.Join(teams, " ") + ": " + strings.Join(members, " ")
}

const contractAll = "one two three: a b c"

// isWrite tells whether a statement writes. One that takes a number, for which a row of the table of locks stands, writes nothing of anybody's.
func isWrite(sql string) bool {
	return !strings.Contains(sql, statement.LockRow{}.TableName()) && slices.ContainsFunc([]string{"INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER"}, func(word string) bool {
		return strings.Contains(strings.ToUpper(sql), word+" ")
	})
}

func TestADeletionNeedsACondition(t *testing.T) {
	none := map[string]func(db *gorm.DB) error{
		"Delete of a zero model":           func(db *gorm.DB) error { return db.Delete(&contractTeam{}).Error },
		"Delete of an unsaved row":         func(db *gorm.DB) error { return db.Delete(&contractTeam{Name: "one"}).Error },
		"Delete of an empty slice":         func(db *gorm.DB) error { return db.Delete(&[]contractTeam{}).Error },
		"Delete of unsaved rows":           func(db *gorm.DB) error { return db.Delete(&[]contractTeam{{Name: "one"}}).Error },
		"Delete of no pointers":            func(db *gorm.DB) error { return db.Delete(&[]*contractTeam{}).Error },
		"Delete by an empty slice of keys": func(db *gorm.DB) error { return db.Delete(&contractTeam{}, []int{}).Error },
		"Delete by an empty map":           func(db *gorm.DB) error { return db.Where(map[string]any{}).Delete(&contractTeam{}).Error },
		"Delete by a zero struct":          func(db *gorm.DB) error { return db.Where(&contractTeam{}).Delete(&contractTeam{}).Error },
		"Delete by an empty clause":        func(db *gorm.DB) error { return db.Clauses(clause.Where{}).Delete(&contractTeam{}).Error },
		"Delete of a model":                func(db *gorm.DB) error { return db.Model(&contractTeam{}).Delete(nil).Error },
		"Delete with Order and Limit":      func(db *gorm.DB) error { return db.Order("id").Limit(1).Delete(&contractTeam{}).Error },
		"Delete with selected relations":   func(db *gorm.DB) error { return db.Select("Members").Delete(&contractTeam{}).Error },
		"Unscoped Delete":                  func(db *gorm.DB) error { return db.Unscoped().Delete(&contractTeam{}).Error },
		"Delete of a child":                func(db *gorm.DB) error { return db.Delete(&contractMember{}).Error },
		"softdelete.Delete":                func(db *gorm.DB) error { _, err := softdelete.Delete(db, &contractTeam{}); return err },
		"softdelete.Preview":               func(db *gorm.DB) error { _, err := softdelete.Preview(db, &contractTeam{}); return err },
		"Restore of a zero model":          func(db *gorm.DB) error { _, err := softdelete.Restore(db, &contractTeam{}); return err },
		"Restore of an empty slice":        func(db *gorm.DB) error { _, err := softdelete.Restore(db, &[]contractTeam{}); return err },
		"Restore of an unsaved row": func(db *gorm.DB) error {
			_, err := softdelete.Restore(db, &contractTeam{Name: "one"})
			return err
		},
		"Restore by an empty map": func(db *gorm.DB) error {
			_, err := softdelete.Restore(db.Where(map[string]any{}), &contractTeam{})
			return err
		},
		"PreviewRestore": func(db *gorm.DB) error { _, err := softdelete.PreviewRestore(db, &contractTeam{}); return err },
		"Update":         func(db *gorm.DB) error { return db.Model(&contractTeam{}).Update("name", "x").Error },
		"gorm.G":         func(db *gorm.DB) error { _, err := gorm.G[contractTeam](db).Delete(context.Background()); return err },
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		require.NoError(t, db.Delete(&contractTeam{ID: 3}).Error)
		requireRefused(t, db, none, gorm.ErrMissingWhereClause)
		require.Equal(t, "one two: a b c", contractLive(t, db))
	})
}

func TestAllowGlobalUpdate(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		require.NoError(t, db.Delete(&contractTeam{ID: 3}).Error)
		var former contractTeam
		require.NoError(t, db.Unscoped().Take(&former, 3).Error)
		global := db.Session(&gorm.Session{AllowGlobalUpdate: true})

		t.Run("deletes all live rows and those under them", func(t *testing.T) {
			done := global.Delete(&contractTeam{})
			require.NoError(t, done.Error)
			require.EqualValues(t, 2, done.RowsAffected)
			require.Equal(t, ": ", contractLive(t, db))
			var team contractTeam
			require.NoError(t, db.Unscoped().Take(&team, 3).Error)
			require.Equal(t, former, team, "a row deleted earlier keeps its mark")
		})
		t.Run("restores all deleted rows", func(t *testing.T) {
			report, err := softdelete.Restore(global, &contractTeam{})
			require.NoError(t, err)
			require.EqualValues(t, 3, report.Effects[0].Rows)
			require.Equal(t, contractAll, contractLive(t, db))
		})
	})
}

func TestRowsAffectedCountsRootRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		for _, step := range []struct {
			name string
			run  func() *gorm.DB
			want int64
		}{
			{"a row with others under it", func() *gorm.DB { return db.Delete(&contractTeam{ID: 1}) }, 1},
			{"a deleted row", func() *gorm.DB { return db.Delete(&contractTeam{ID: 1}) }, 0},
			{"an unknown row", func() *gorm.DB { return db.Delete(&contractTeam{}, 99) }, 0},
			{"live and deleted rows", func() *gorm.DB { return db.Delete(&contractTeam{}, []int{1, 2}) }, 1},
			{"with a result", func() *gorm.DB {
				result := gorm.WithResult()
				done := db.Clauses(result).Delete(&contractTeam{ID: 3})
				require.EqualValues(t, 1, result.RowsAffected)
				return done
			}, 1},
			{"a real delete", func() *gorm.DB { return db.Unscoped().Delete(&contractTeam{}, []int{1, 2, 3}) }, 3},
			{"a real delete of what is gone", func() *gorm.DB { return db.Unscoped().Delete(&contractTeam{ID: 1}) }, 0},
		} {
			done := step.run()
			require.NoError(t, done.Error, step.name)
			require.Equal(t, step.want, done.RowsAffected, step.name)
		}
	})
}

func TestReturningOfAMarkIsRefusedWhereAnUpdateReturnsNothing(t *testing.T) {
	testdb.EachOf(t, testdb.RefusedReturning, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		before := contractLive(t, db)
		var teams []contractTeam
		require.ErrorIs(t, db.Clauses(clause.Returning{}).Where("id < 3").Delete(&teams).Error, softdelete.ErrUnsupported)
		require.Equal(t, before, contractLive(t, db))
		require.Empty(t, teams)
	})
}

func TestReturningOfADeletion(t *testing.T) {
	testdb.EachOf(t, testdb.ReturnedUpdates, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		t.Run("fills a slice with the rows and their mark", func(t *testing.T) {
			var teams []contractTeam
			done := db.Clauses(clause.Returning{}).Where("id < 3").Delete(&teams)
			require.NoError(t, done.Error)
			require.EqualValues(t, 2, done.RowsAffected)
			require.Len(t, teams, 2)
			for _, team := range teams {
				require.NotEmpty(t, team.Name)
				require.True(t, team.DeletedAt.Valid)
				require.Equal(t, teams[0].DeletionID, team.DeletionID)
				require.NotEmpty(t, team.DeletionID)
			}
			require.Equal(t, "three: ", contractLive(t, db))
		})
		t.Run("fills the chosen columns of a struct", func(t *testing.T) {
			team := contractTeam{ID: 3}
			done := db.Clauses(clause.Returning{Columns: []clause.Column{{Name: "name"}}}).Delete(&team)
			require.NoError(t, done.Error)
			require.EqualValues(t, 1, done.RowsAffected)
			require.Equal(t, "three", team.Name)
			require.True(t, team.DeletedAt.Valid)
			require.NotEmpty(t, team.DeletionID)
		})
		t.Run("gives nothing for a deleted row", func(t *testing.T) {
			var teams []contractTeam
			done := db.Clauses(clause.Returning{}).Where("id = 3").Delete(&teams)
			require.NoError(t, done.Error)
			require.Zero(t, done.RowsAffected)
			require.Empty(t, teams)
		})
	})
}
