package strategies_test

import (
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// strAt is the frozen time of these tests, in a zone far from UTC.
var strAt = time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.FixedZone("far", 11*3600+1800))

// strOpen opens a database with the models' tables and the plugin; its clock stands at strAt.
func strOpen(t *testing.T, database *testdb.Database, models ...any) *gorm.DB {
	t.Helper()
	db := fixture.Models(t, database, models, &gorm.Config{NowFunc: func() time.Time { return strAt }})
	return db
}

// StrRow is what the models of these tests have in common; exported, since GORM passes over what is embedded and not.
type StrRow struct {
	ID   uint
	Name string
}

// strRow makes a row with a key and a name.
func strRow[T any](id uint) *T {
	row := new(T)
	v := reflect.ValueOf(row).Elem()
	v.FieldByName("ID").SetUint(uint64(id))
	v.FieldByName("Name").SetString(fmt.Sprint("row ", id))
	return row
}

// strKeys lists the rows that a query returns.
func strKeys[T any](t *testing.T, db *gorm.DB) []uint {
	t.Helper()
	keys := []uint{}
	require.NoError(t, db.Model(new(T)).Order("id").Pluck("id", &keys).Error)
	return keys
}

// strRaw is a column of a row as the database has it, as text.
func strRaw[T any](t *testing.T, db *gorm.DB, column string, id uint) string {
	t.Helper()
	var value any
	require.NoError(t, db.Raw("SELECT "+db.Statement.Quote(column)+" FROM "+fixture.Table(t, db, new(T))+" WHERE id = ?", id).Row().Scan(&value))
	switch value := value.(type) {
	case nil:
		return "NULL"
	case time.Time:
		return value.UTC().Format(time.RFC3339Nano)
	case []byte:
		return string(value)
	case bool:
		return map[bool]string{false: "0", true: "1"}[value]
	}
	return fmt.Sprint(value)
}

// strMarksIn checks what every strategy promises about one model. live is what the column has in a new row, gone what Delete
// writes there; a second value of each is that of databases with a precision of microseconds, a third that of columns of milliseconds, as
// GORM makes them on MySQL.
func strMarksIn[T any](t *testing.T, column, live string, gone ...string) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := strOpen(t, database, new(T))
		require.NoError(t, db.Create([]*T{strRow[T](1), strRow[T](2), strRow[T](3)}).Error)
		want := gone[min(slices.Index([]string{"sqlite", "postgres", "mysql"}, database.Name), len(gone)-1)]

		row := new(T)
		require.NoError(t, db.First(row, 1).Error)
		tx := db.Delete(row)
		require.NoError(t, tx.Error)
		require.EqualValues(t, 1, tx.RowsAffected)
		require.Equal(t, want, strRaw[T](t, db, column, 1))
		require.Equal(t, live, strRaw[T](t, db, column, 2), "other rows stay as they are")
		require.Equal(t, []uint{2, 3}, strKeys[T](t, db))
		require.Equal(t, []uint{1}, strKeys[T](t, db.Clauses(softdelete.OnlyDeleted)))
		require.Equal(t, []uint{1, 2, 3}, strKeys[T](t, db.Clauses(softdelete.WithDeleted)))
		require.Equal(t, []uint{1, 2, 3}, strKeys[T](t, db.Unscoped()))

		inDatabase := new(T)
		require.NoError(t, db.Unscoped().First(inDatabase, 1).Error)
		strSameMark(t, inDatabase, row)

		tx = db.Delete(strRow[T](1))
		require.NoError(t, tx.Error)
		require.Zero(t, tx.RowsAffected, "a deleted row is not deleted again")
		tx = db.Model(strRow[T](1)).Update("name", "changed")
		require.NoError(t, tx.Error)
		require.Zero(t, tx.RowsAffected, "a deleted row is not updated")
		require.Equal(t, want, strRaw[T](t, db, column, 1))

		report, err := softdelete.Restore(db, row)
		require.NoError(t, err)
		require.Equal(t, []softdelete.Effect{{Table: report.Effects[0].Table, Action: softdelete.ActionRestored, Rows: 1}}, report.Effects)
		require.Equal(t, []uint{1, 2, 3}, strKeys[T](t, db))
		inDatabase = new(T)
		require.NoError(t, db.First(inDatabase, 1).Error)
		require.Equal(t, inDatabase, row, "the caller's struct is as in the database")

		require.NoError(t, db.Where("name LIKE ?", "row %").Delete(new(T)).Error)
		require.Empty(t, strKeys[T](t, db), "by condition")
	})
}

// strSameMark checks that Delete has left in the caller's struct what the database has.
func strSameMark(t *testing.T, database, caller any) {
	t.Helper()
	d, c := reflect.ValueOf(database).Elem(), reflect.ValueOf(caller).Elem()
	for i := range d.NumField() {
		if d.Type().Field(i).Type == reflect.TypeFor[gorm.Model]() {
			strSameMark(t, d.Field(i).Addr().Interface(), c.Field(i).Addr().Interface())
			continue
		}
		require.Equal(t, strUTC(d.Field(i).Interface()), strUTC(c.Field(i).Interface()), d.Type().Field(i).Name)
	}
}

// strUTC makes times comparable, inside the types that hold them too.
func strUTC(value any) any {
	switch value := value.(type) {
	case *time.Time:
		if value == nil {
			return "nil"
		}
		return value.UTC().String()
	case gorm.DeletedAt:
		return fmt.Sprint(value.Valid, value.Time.UTC())
	case *gorm.DeletedAt:
		if value == nil {
			return "nil"
		}
		return fmt.Sprint(value.Valid, value.Time.UTC())
	case sql.NullTime:
		return fmt.Sprint(value.Valid, value.Time.UTC())
	}
	return fmt.Sprintf("%T %v", value, reflect.Indirect(reflect.ValueOf(value)))
}

// strNullIsLive checks that a row whose column is NULL is live, and can be deleted and restored.
func strNullIsLive[T any](t *testing.T, column string) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := strOpen(t, database, new(T))
		require.NoError(t, db.Create([]*T{strRow[T](1), strRow[T](2)}).Error)
		require.NoError(t, db.Model(new(T)).Where("id = 1").UpdateColumn(column, gorm.Expr("NULL")).Error)
		require.Equal(t, "NULL", strRaw[T](t, db, column, 1))

		require.Equal(t, []uint{1, 2}, strKeys[T](t, db))
		require.Empty(t, strKeys[T](t, db.Clauses(softdelete.OnlyDeleted)))
		require.EqualValues(t, 1, db.Model(strRow[T](1)).Update("name", "changed").RowsAffected)
		require.EqualValues(t, 1, db.Delete(strRow[T](1)).RowsAffected)
		require.Equal(t, []uint{2}, strKeys[T](t, db))
		_, err := softdelete.Restore(db, strRow[T](1))
		require.NoError(t, err)
		require.Equal(t, []uint{1, 2}, strKeys[T](t, db))
	})
}

const (
	strUTCNano  = "2026-03-03T17:36:07.123456789Z"
	strUTCMicro = "2026-03-03T17:36:07.123456Z"
	strUTCMilli = "2026-03-03T17:36:07.123Z"
)

func TestTimestampStrategy(t *testing.T) {
	type Plain struct {
		StrRow
		DeletedAt gorm.DeletedAt
	}
	t.Run("gorm.DeletedAt without a tag", func(t *testing.T) { strMarksIn[Plain](t, "deleted_at", "NULL", strUTCNano, strUTCMicro, strUTCMilli) })
	type Embedded struct {
		gorm.Model
		Name string
	}
	t.Run("gorm.Model", func(t *testing.T) {
		strMarksIn[Embedded](t, "deleted_at", "NULL", strUTCNano, strUTCMicro, strUTCMilli)
	})
	type Indexed struct {
		StrRow
		DeletedAt gorm.DeletedAt `gorm:"index" softdelete:"timestamp"`
	}
	t.Run("gorm.DeletedAt with the tag", func(t *testing.T) {
		strMarksIn[Indexed](t, "deleted_at", "NULL", strUTCNano, strUTCMicro, strUTCMilli)
	})
	type DeletedPointer struct {
		StrRow
		DeletedAt *gorm.DeletedAt
	}
	t.Run("*gorm.DeletedAt", func(t *testing.T) {
		strMarksIn[DeletedPointer](t, "deleted_at", "NULL", strUTCNano, strUTCMicro, strUTCMilli)
	})
	type TimePointer struct {
		StrRow
		Gone *time.Time `softdelete:"timestamp"`
	}
	t.Run("*time.Time", func(t *testing.T) { strMarksIn[TimePointer](t, "gone", "NULL", strUTCNano, strUTCMicro, strUTCMilli) })
	type NullTime struct {
		StrRow
		Gone sql.NullTime `softdelete:"timestamp"`
	}
	t.Run("sql.NullTime", func(t *testing.T) { strMarksIn[NullTime](t, "gone", "NULL", strUTCNano, strUTCMicro, strUTCMilli) })
	type Millis struct {
		StrRow
		Gone *time.Time `gorm:"precision:3" softdelete:"timestamp"`
	}
	t.Run("a column that keeps milliseconds", func(t *testing.T) {
		strMarksIn[Millis](t, "gone", "NULL", "2026-03-03T17:36:07.123Z")
	})

	type Seconds struct {
		StrRow
		Gone int64 `softdelete:"timestamp"`
	}
	t.Run("int64, seconds", func(t *testing.T) { strMarksIn[Seconds](t, "gone", "0", "1772559367") })
	t.Run("int64, NULL is live", func(t *testing.T) { strNullIsLive[Seconds](t, "gone") })
	type Small struct {
		StrRow
		Gone uint32 `softdelete:"timestamp;unit:s"`
	}
	t.Run("uint32, seconds", func(t *testing.T) { strMarksIn[Small](t, "gone", "0", "1772559367") })
	type Millisecond struct {
		StrRow
		Gone uint `softdelete:"timestamp;unit:ms"`
	}
	t.Run("uint, milliseconds", func(t *testing.T) { strMarksIn[Millisecond](t, "gone", "0", "1772559367123") })
	type Microsecond struct {
		StrRow
		Gone int `softdelete:"timestamp;unit:us"`
	}
	t.Run("int, microseconds", func(t *testing.T) { strMarksIn[Microsecond](t, "gone", "0", "1772559367123456") })
	type Nanosecond struct {
		StrRow
		Gone int64 `softdelete:"timestamp;unit:ns"`
	}
	t.Run("int64, nanoseconds", func(t *testing.T) {
		strMarksIn[Nanosecond](t, "gone", "0", "1772559367123456789", "1772559367123456000")
	})
	type Pointer struct {
		StrRow
		Gone *int64 `softdelete:"timestamp"`
	}
	t.Run("*int64", func(t *testing.T) { strMarksIn[Pointer](t, "gone", "NULL", "1772559367") })
	type NotNull struct {
		StrRow
		Gone int64 `gorm:"not null" softdelete:"timestamp"`
	}
	t.Run("int64 NOT NULL", func(t *testing.T) { strMarksIn[NotNull](t, "gone", "0", "1772559367") })
	type Defaulted struct {
		StrRow
		Gone int64 `gorm:"not null;default:0" softdelete:"timestamp;unit:ms"`
	}
	t.Run("int64 with a default", func(t *testing.T) { strMarksIn[Defaulted](t, "gone", "0", "1772559367123") })
	type NullInt struct {
		StrRow
		Gone sql.NullInt64 `softdelete:"timestamp"`
	}
	t.Run("sql.NullInt64", func(t *testing.T) { strMarksIn[NullInt](t, "gone", "NULL", "1772559367") })
}

func TestFlagStrategy(t *testing.T) {
	type Bool struct {
		StrRow
		Gone bool `softdelete:"flag"`
	}
	t.Run("bool", func(t *testing.T) { strMarksIn[Bool](t, "gone", "0", "1") })
	t.Run("bool, NULL is live", func(t *testing.T) { strNullIsLive[Bool](t, "gone") })
	type Pointer struct {
		StrRow
		Gone *bool `softdelete:"flag"`
	}
	t.Run("*bool", func(t *testing.T) { strMarksIn[Pointer](t, "gone", "NULL", "1") })
	type NotNull struct {
		StrRow
		Gone bool `gorm:"not null;default:false" softdelete:"flag"`
	}
	t.Run("bool NOT NULL", func(t *testing.T) { strMarksIn[NotNull](t, "gone", "0", "1") })
	type Int struct {
		StrRow
		Gone int `softdelete:"flag"`
	}
	t.Run("int", func(t *testing.T) { strMarksIn[Int](t, "gone", "0", "1") })
	t.Run("int, NULL is live", func(t *testing.T) { strNullIsLive[Int](t, "gone") })
	type Byte struct {
		StrRow
		Gone uint8 `gorm:"not null" softdelete:"flag"`
	}
	t.Run("uint8 NOT NULL", func(t *testing.T) { strMarksIn[Byte](t, "gone", "0", "1") })
	type NullBool struct {
		StrRow
		Gone sql.NullBool `softdelete:"flag"`
	}
	t.Run("sql.NullBool", func(t *testing.T) { strMarksIn[NullBool](t, "gone", "NULL", "1") })

	t.Run("any integer but 0 is deleted", func(t *testing.T) {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db := strOpen(t, database, &Int{})
			require.NoError(t, db.Create(&[]Int{{StrRow{ID: 1}, 7}, {StrRow{ID: 2}, -1}, {StrRow{ID: 3}, 0}}).Error)
			require.Equal(t, []uint{3}, strKeys[Int](t, db))
			require.Zero(t, db.Delete(strRow[Int](1)).RowsAffected)
			require.Equal(t, "7", strRaw[Int](t, db, "gone", 1))
		})
	})
}
