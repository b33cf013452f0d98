package strategies_test

import (
	"database/sql"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// StratBase is what the models of all strategies have in common; exported, since GORM passes over what is embedded and not.
type StratBase struct {
	ID        uint
	Name      string
	UpdatedAt int64 `gorm:"autoUpdateTime:nano"`
}

func (b *StratBase) base() *StratBase { return b }

// stratWord is a string type of an application's own.
type stratWord string

type (
	stratDeletedAt struct {
		StratBase
		DeletedAt gorm.DeletedAt
	}
	stratPointer struct {
		StratBase
		GoneAt *time.Time `softdelete:"timestamp"`
	}
	stratNullTime struct {
		StratBase
		GoneAt sql.NullTime `softdelete:"timestamp"`
	}
	stratSeconds struct {
		StratBase
		GoneAt int64 `softdelete:"timestamp"`
	}
	stratMillis struct {
		StratBase
		GoneAt uint64 `softdelete:"timestamp;unit:ms"`
	}
	stratMicros struct {
		StratBase
		GoneAt int `softdelete:"timestamp;unit:us"`
	}
	stratNanos struct {
		StratBase
		GoneAt int64 `softdelete:"timestamp;unit:ns"`
	}
	stratUint struct {
		StratBase
		GoneAt uint `softdelete:"timestamp;unit:s"`
	}
	stratNullInt struct {
		StratBase
		GoneAt *int64 `softdelete:"timestamp;unit:us"`
	}
	stratRequired struct {
		StratBase
		GoneAt int64 `gorm:"not null" softdelete:"timestamp;unit:ms"`
	}
	stratFlag struct {
		StratBase
		Gone bool `softdelete:"flag"`
	}
	stratFlagPointer struct {
		StratBase
		Gone *bool `softdelete:"flag"`
	}
	stratFlagInt struct {
		StratBase
		Gone int `softdelete:"flag"`
	}
	stratFlagRequired struct {
		StratBase
		Gone bool `gorm:"not null" softdelete:"flag"`
	}
	stratStatus struct {
		StratBase
		State string `softdelete:"status"`
	}
	stratStatusInt struct {
		StratBase
		State int `softdelete:"status;deleted:9;active:1"`
	}
	stratStatusWord struct {
		StratBase
		State stratWord `gorm:"not null" softdelete:"status;deleted:removed;active:published"`
	}
	stratStatusQuoted struct {
		StratBase
		State string `softdelete:"status;deleted:it's 100%s gone;active:it's %d here;visible:it's %d here,100%"`
	}
	stratStatusPrevious struct {
		StratBase
		State string `softdelete:"status;deleted:removed;active:published"`
		Was   string `softdelete:"previous"`
	}
)

// stratRow is a pointer to a model with the common fields.
type stratRow[T any] interface {
	*T
	base() *StratBase
}

// stratClock gives every call of NowFunc a time of its own.
func stratClock() func() time.Time {
	now := time.Date(2024, 2, 29, 12, 0, 0, 123456789, time.UTC)
	return func() time.Time {
		now = now.Add(1500 * time.Millisecond)
		return now
	}
}

// stratOpen opens a database with the plugin and the models' tables.
func stratOpen(t *testing.T, database *testdb.Database, now func() time.Time, models ...any) *gorm.DB {
	t.Helper()
	db := fixture.Models(t, database, models, &gorm.Config{NowFunc: now})
	return db
}

// stratAll reads all rows of a table, whatever the plugin thinks of them.
func stratAll[T any](t *testing.T, db *gorm.DB) (rows []T) {
	t.Helper()
	require.NoError(t, db.Unscoped().Order("id").Find(&rows).Error)
	return rows
}

// stratNames reads the names that a session shows.
func stratNames[T any](t *testing.T, db *gorm.DB) []string {
	t.Helper()
	names := []string{}
	require.NoError(t, db.Model(new(T)).Order("id").Pluck("name", &names).Error)
	return names
}

// stratObeys shows that a strategy does what every strategy that marks rows does. live makes a row's deletion column that
// of a live row, deleted tells whether a row carries the mark.
func stratObeys[T any, P stratRow[T]](live func(P), deleted func(P) bool) func(*testing.T, *testdb.Database) {
	ways := map[string]func(db *gorm.DB, row P) *gorm.DB{
		"a struct":    func(db *gorm.DB, row P) *gorm.DB { return db.Delete(row) },
		"a slice":     func(db *gorm.DB, row P) *gorm.DB { return db.Delete(&[]P{row}) },
		"a key":       func(db *gorm.DB, row P) *gorm.DB { return db.Delete(new(T), row.base().ID) },
		"a condition": func(db *gorm.DB, _ P) *gorm.DB { return db.Where("name = ?", "doomed").Delete(new(T)) },
		"an alternative": func(db *gorm.DB, _ P) *gorm.DB {
			return db.Where("name = ?", "no").Or("name = ?", "doomed").Delete(new(T))
		},
		"a model's value": func(db *gorm.DB, row P) *gorm.DB { return db.Model(row).Delete(new(T)) },
	}
	return func(t *testing.T, database *testdb.Database) {
		db := stratOpen(t, database, stratClock(), new(T))
		for way, remove := range ways {
			t.Run("deleted by "+way, func(t *testing.T) {
				require.NoError(t, db.Session(&gorm.Session{AllowGlobalUpdate: true}).Unscoped().Delete(new(T)).Error)
				kept, doomed := P(new(T)), P(new(T))
				kept.base().Name, doomed.base().Name = "kept", "doomed"
				live(kept)
				live(doomed)
				require.NoError(t, db.Create(kept).Error)
				require.NoError(t, db.Create(doomed).Error)
				before := stratAll[T](t, db)
				require.Equal(t, []T{*kept, *doomed}, before)
				id := doomed.base().ID

				result := remove(db, doomed)
				require.NoError(t, result.Error)
				require.EqualValues(t, 1, result.RowsAffected)
				stratIsGone[T, P](t, db, id)
				marked := stratAll[T](t, db)
				require.Equal(t, before[0], marked[0])
				require.True(t, deleted(&marked[1]), "%+v", marked[1])
				if way == "a struct" || way == "a slice" {
					require.True(t, deleted(doomed), "the caller's row shows it: %+v", doomed)
				}
				live(&marked[1])
				require.Equal(t, before[1], marked[1], "only the mark is new")

				stored := stratAll[T](t, db)
				again := remove(db, doomed)
				require.NoError(t, again.Error)
				require.Zero(t, again.RowsAffected)
				found := stored[1]
				for _, update := range []*gorm.DB{
					db.Model(&found).Update("name", "changed"),
					db.Model(new(T)).Where("id = ?", id).Updates(map[string]any{"name": "changed"}),
					db.Model(new(T)).Where("name = ?", "doomed").UpdateColumn("name", "changed"),
				} {
					require.NoError(t, update.Error)
					require.Zero(t, update.RowsAffected)
				}
				require.Equal(t, stored, stratAll[T](t, db), "deleting or updating a deleted row changes nothing")

				report, err := softdelete.Restore(db, doomed)
				require.NoError(t, err)
				require.Len(t, report.Effects, 1)
				require.Equal(t, softdelete.ActionRestored, report.Effects[0].Action)
				require.EqualValues(t, 1, report.Effects[0].Rows)
				require.Equal(t, before, stratAll[T](t, db), "the very row is back")
				require.Equal(t, before[1], *doomed, "the caller's row is as in the database")
				require.Equal(t, []string{"kept", "doomed"}, stratNames[T](t, db))

				report, err = softdelete.Restore(db, doomed)
				require.NoError(t, err)
				for _, effect := range report.Effects {
					require.Zero(t, effect.Rows, "a live row is not restored")
				}
			})
		}
	}
}

// stratIsGone shows that the row is hidden from every ordinary read, and from no other.
func stratIsGone[T any, P stratRow[T]](t *testing.T, db *gorm.DB, id uint) {
	t.Helper()
	require.Equal(t, []string{"kept"}, stratNames[T](t, db))
	require.Equal(t, []string{"kept", "doomed"}, stratNames[T](t, db.Unscoped()))
	require.Equal(t, []string{"kept", "doomed"}, stratNames[T](t, db.Clauses(softdelete.WithDeleted)))
	require.Equal(t, []string{"doomed"}, stratNames[T](t, db.Clauses(softdelete.OnlyDeleted)))

	for _, tc := range []struct {
		shown int
		open  func() *gorm.DB
	}{
		{0, func() *gorm.DB { return db }},
		{1, func() *gorm.DB { return db.Unscoped() }},
		{1, func() *gorm.DB { return db.Clauses(softdelete.WithDeleted) }},
		{1, func() *gorm.DB { return db.Clauses(softdelete.OnlyDeleted) }},
	} {
		var rows []T
		require.NoError(t, tc.open().Find(&rows, id).Error)
		require.Len(t, rows, tc.shown)
		var count int64
		require.NoError(t, tc.open().Model(new(T)).Where("id = ?", id).Count(&count).Error)
		require.EqualValues(t, tc.shown, count)
		err := tc.open().First(new(T), id).Error
		if tc.shown == 0 {
			require.ErrorIs(t, err, gorm.ErrRecordNotFound)
			require.ErrorIs(t, tc.open().Where("name = ?", "doomed").Take(new(T)).Error, gorm.ErrRecordNotFound)
			require.ErrorIs(t, tc.open().Where("name = ?", "no").Or("id = ?", id).Last(new(T)).Error, gorm.ErrRecordNotFound)
		} else {
			require.NoError(t, err)
		}
	}
	var only []T
	require.NoError(t, db.Clauses(softdelete.OnlyDeleted).Find(&only).Error)
	require.Len(t, only, 1)
	require.Equal(t, id, P(&only[0]).base().ID)
}

func TestStrategiesThatMarkARow(t *testing.T) {
	no := false
	cases := []struct {
		name string
		test func(*testing.T, *testdb.Database)
	}{
		{"an untagged gorm.DeletedAt", stratObeys(
			func(r *stratDeletedAt) { r.DeletedAt = gorm.DeletedAt{} }, func(r *stratDeletedAt) bool { return r.DeletedAt.Valid })},
		{"*time.Time", stratObeys(
			func(r *stratPointer) { r.GoneAt = nil }, func(r *stratPointer) bool { return r.GoneAt != nil && !r.GoneAt.IsZero() })},
		{"sql.NullTime", stratObeys(
			func(r *stratNullTime) { r.GoneAt = sql.NullTime{} }, func(r *stratNullTime) bool { return r.GoneAt.Valid })},
		{"int64 of seconds", stratObeys(
			func(r *stratSeconds) { r.GoneAt = 0 }, func(r *stratSeconds) bool { return len(fmt.Sprint(r.GoneAt)) == 10 })},
		{"uint64 of milliseconds", stratObeys(
			func(r *stratMillis) { r.GoneAt = 0 }, func(r *stratMillis) bool { return len(fmt.Sprint(r.GoneAt)) == 13 })},
		{"int of microseconds", stratObeys(
			func(r *stratMicros) { r.GoneAt = 0 }, func(r *stratMicros) bool { return len(fmt.Sprint(r.GoneAt)) == 16 })},
		{"int64 of nanoseconds", stratObeys(
			func(r *stratNanos) { r.GoneAt = 0 }, func(r *stratNanos) bool { return len(fmt.Sprint(r.GoneAt)) == 19 })},
		{"uint of seconds", stratObeys(
			func(r *stratUint) { r.GoneAt = 0 }, func(r *stratUint) bool { return len(fmt.Sprint(r.GoneAt)) == 10 })},
		{"*int64 of microseconds", stratObeys(
			func(r *stratNullInt) { r.GoneAt = nil }, func(r *stratNullInt) bool { return r.GoneAt != nil && *r.GoneAt > 1e15 })},
		{"int64 NOT NULL", stratObeys(
			func(r *stratRequired) { r.GoneAt = 0 }, func(r *stratRequired) bool { return r.GoneAt != 0 })},
		{"bool", stratObeys(
			func(r *stratFlag) { r.Gone = false }, func(r *stratFlag) bool { return r.Gone })},
		{"*bool", stratObeys(
			func(r *stratFlagPointer) { r.Gone = &no }, func(r *stratFlagPointer) bool { return r.Gone != nil && *r.Gone })},
		{"int flag", stratObeys(
			func(r *stratFlagInt) { r.Gone = 0 }, func(r *stratFlagInt) bool { return r.Gone == 1 })},
		{"bool NOT NULL", stratObeys(
			func(r *stratFlagRequired) { r.Gone = false }, func(r *stratFlagRequired) bool { return r.Gone })},
		{"string status", stratObeys(
			func(r *stratStatus) { r.State = "active" }, func(r *stratStatus) bool { return r.State == "deleted" })},
		{"int status", stratObeys(
			func(r *stratStatusInt) { r.State = 1 }, func(r *stratStatusInt) bool { return r.State == 9 })},
		{"status of a named type, NOT NULL", stratObeys(
			func(r *stratStatusWord) { r.State = "published" }, func(r *stratStatusWord) bool { return r.State == "removed" })},
		{"status with quotes and percent signs", stratObeys(
			func(r *stratStatusQuoted) { r.State = "it's %d here" }, func(r *stratStatusQuoted) bool { return r.State == "it's 100%s gone" })},
		{"status with the former value", stratObeys(
			func(r *stratStatusPrevious) { r.State, r.Was = "draft", "" },
			func(r *stratStatusPrevious) bool { return r.State == "removed" && r.Was == "draft" })},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) { tc.test(t, database) })
		}
	})
}

// stratNullIsLive shows that a row with NULL in the columns is live: read, updated, deleted, restored.
func stratNullIsLive[T any, P stratRow[T]](columns ...string) func(*testing.T, *testdb.Database) {
	return func(t *testing.T, database *testdb.Database) {
		db := stratOpen(t, database, stratClock(), new(T))
		row := P(new(T))
		row.base().Name = "old"
		require.NoError(t, db.Create(row).Error)
		null := map[string]any{}
		for _, column := range columns {
			null[column] = nil
		}
		table := db.NamingStrategy.TableName(reflect.TypeFor[T]().Name())
		require.NoError(t, db.Table(table).Where("1 = 1").Updates(null).Error)

		require.Equal(t, []string{"old"}, stratNames[T](t, db))
		require.Empty(t, stratNames[T](t, db.Clauses(softdelete.OnlyDeleted)))
		update := db.Model(row).Update("name", "new")
		require.NoError(t, update.Error)
		require.EqualValues(t, 1, update.RowsAffected)
		deletion := db.Delete(row)
		require.NoError(t, deletion.Error)
		require.EqualValues(t, 1, deletion.RowsAffected)
		require.Empty(t, stratNames[T](t, db))
		require.Equal(t, []string{"new"}, stratNames[T](t, db.Clauses(softdelete.OnlyDeleted)))
		_, err := softdelete.Restore(db, row)
		require.NoError(t, err)
		require.Equal(t, []string{"new"}, stratNames[T](t, db))
		require.Empty(t, stratNames[T](t, db.Clauses(softdelete.OnlyDeleted)))
	}
}

func TestNullIsLive(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("time", func(t *testing.T) { stratNullIsLive[stratDeletedAt]("deleted_at")(t, database) })
		t.Run("integer time", func(t *testing.T) { stratNullIsLive[stratSeconds]("gone_at")(t, database) })
		t.Run("nullable integer time", func(t *testing.T) { stratNullIsLive[stratNullInt]("gone_at")(t, database) })
		t.Run("bool", func(t *testing.T) { stratNullIsLive[stratFlag]("gone")(t, database) })
		t.Run("*bool", func(t *testing.T) { stratNullIsLive[stratFlagPointer]("gone")(t, database) })
		t.Run("integer flag", func(t *testing.T) { stratNullIsLive[stratFlagInt]("gone")(t, database) })
		t.Run("status", func(t *testing.T) { stratNullIsLive[stratStatus]("state")(t, database) })
		t.Run("integer status", func(t *testing.T) { stratNullIsLive[stratStatusInt]("state")(t, database) })
		t.Run("status and former status", func(t *testing.T) { stratNullIsLive[stratStatusPrevious]("state", "was")(t, database) })
	})
}
