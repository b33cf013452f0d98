package eventlog_test

import (
	"database/sql"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// eventTypes has a column of every kind that GORM's own types make.
	eventTypes struct {
		_        struct{} `softdelete:"events"`
		Area     string   `gorm:"primaryKey;size:40"`
		Number   int64    `gorm:"primaryKey;autoIncrement:false"`
		Bool     bool
		MaybeYes *bool
		Big      int64
		Small    int8
		Unsigned uint32
		Float    float64
		Single   float32
		Text     string
		Maybe    *string
		Null     sql.NullString
		Bytes    []byte
		At       time.Time
		MaybeAt  *time.Time
		Price    string         `gorm:"type:decimal(30,10)"`
		Tags     []string       `gorm:"serializer:json"`
		Options  map[string]any `gorm:"serializer:json;type:json"`
		Blob     eventShape     `gorm:"serializer:gob;type:bytes"`
		Unix     int64          `gorm:"serializer:unixtime;type:timestamp"`
		Place    eventPlace     `gorm:"embedded;embeddedPrefix:place_"`
		Doubled  int64          `gorm:"->;type:bigint GENERATED ALWAYS AS (number * 2) STORED"`
		Default  string         `gorm:"default:none"`
		Quoted   string         `gorm:"column:it's \"odd\""`
	}
	eventShape struct{ Name string }
	eventPlace struct {
		City string
		Zip  *int
	}
)

// drawTypes draws a row with the key. greatest is the greatest number of the database's fractions.
func drawTypes(t *rapid.T, area string, number int64, greatest float64) eventTypes {
	text := rapid.StringMatching(`[a-zA-Z0-9 '"\\{},:€😀\n\t-]{0,12}|\\x[0-9a-f]{2}|null|[0-9]{1,4}`)
	instant := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(-2_000_000_000, 4_000_000_000).Draw(t, "seconds"), rapid.Int64Range(0, 999_999).Draw(t, "micros")*1000).UTC()
	})
	row := eventTypes{
		Area: area, Number: number,
		Bool: rapid.Bool().Draw(t, "bool"), MaybeYes: rapid.Ptr(rapid.Bool(), true).Draw(t, "maybe yes"),
		Big:   rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{math.MaxInt64, math.MinInt64, 1<<53 + 1, 1 << 53, 1<<53 - 1, 0})).Draw(t, "big"),
		Small: rapid.Int8().Draw(t, "small"), Unsigned: rapid.Uint32().Draw(t, "unsigned"),
		Float:  rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0.1 + 0.2, math.MaxFloat64, math.SmallestNonzeroFloat64, greatest, 5})).Draw(t, "float"),
		Single: rapid.Float32Range(-1e30, 1e30).Draw(t, "single"),
		Text:   text.Draw(t, "text"), Maybe: rapid.Ptr(text, true).Draw(t, "maybe"),
		Null:  sql.NullString{Valid: rapid.Bool().Draw(t, "valid")},
		Bytes: rapid.SliceOfN(rapid.Byte(), 0, 6).Draw(t, "bytes"),
		At:    instant.Draw(t, "at"), MaybeAt: rapid.Ptr(instant, true).Draw(t, "maybe at"),
		Price:   rapid.SampledFrom([]string{"0", "12.5", "-0.0000000001", "12345678901234567890.1234567891", "9007199254740993"}).Draw(t, "price"),
		Tags:    rapid.SliceOfN(text, 0, 2).Draw(t, "tags"),
		Options: rapid.MapOfN(rapid.StringMatching(`[a-z"]{1,4}`), rapid.Map(text, func(s string) any { return s }), 0, 2).Draw(t, "options"),
		Blob:    eventShape{Name: text.Draw(t, "shape")},
		Unix:    rapid.Int64Range(1, 2_000_000_000).Draw(t, "unix"),
		Place:   eventPlace{City: text.Draw(t, "city"), Zip: rapid.Ptr(rapid.IntRange(0, 99999), true).Draw(t, "zip")},
		Default: text.Draw(t, "default"), Quoted: text.Draw(t, "quoted"),
	}
	if row.Null.Valid {
		row.Null.String = text.Draw(t, "null")
	}
	return row
}

// plainTimes brings times into one form for comparison.
func plainTimes(row eventTypes) eventTypes {
	row.At = row.At.UTC()
	if row.MaybeAt != nil {
		row.MaybeAt = new(row.MaybeAt.UTC())
	}
	return row
}

func TestEventsGiveBackEveryTypeExactly(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, now := eventStage(t, database, &eventTypes{})
		number, greatest := int64(0), math.Inf(1)
		if database.Name == "mysql" {
			greatest = math.MaxFloat64
		}
		rapid.Check(t, func(t *rapid.T) {
			number++
			area := rapid.SampledFrom([]string{"a", "a,b", `c\`, "é"}).Draw(t, "area")
			row := drawTypes(t, area, number, greatest)
			require.NoError(t, db.Create(&row).Error)
			requireReplay(t, db, *now, area, number)
			changed := drawTypes(t, area, number, greatest)
			require.NoError(t, db.Save(&changed).Error)
			requireReplay(t, db, *now, area, number)
			key := eventTypes{Area: area, Number: number}
			require.NoError(t, db.Model(&key).Updates(map[string]any{"big": gorm.Expr("small + 1"), "maybe": nil}).Error)
			requireReplay(t, db, *now, area, number)
		})
		damage(t, db, "event_types")
	})
}

// requireReplay checks that the events give the row as the table has it.
func requireReplay(t require.TestingT, db *gorm.DB, now time.Time, area string, number int64) {
	var stored eventTypes
	require.NoError(t, db.First(&stored, "area = ? AND number = ?", area, number).Error)
	replayed := eventTypes{Area: area, Number: number}
	require.NoError(t, softdelete.AsOf(db, &replayed, now))
	require.Equal(t, plainTimes(stored), plainTimes(replayed))
}

// damage removes, changes and keeps rows by raw SQL, and checks that Rebuild brings back what they were.
func damage(t *testing.T, db *gorm.DB, table string) {
	t.Helper()
	rows, err := softdelete.Rebuild(db, &eventTypes{})
	require.NoError(t, err)
	require.Zero(t, rows, "nothing was damaged")
	before := contents(t, db, table)
	var removed, changed int64
	remove := db.Exec("DELETE FROM " + table + " WHERE number % 3 = 0")
	require.NoError(t, remove.Error)
	removed = remove.RowsAffected
	change := db.Exec("UPDATE " + table + " SET text = 'damaged', bytes = NULL WHERE number % 3 = 1")
	require.NoError(t, change.Error)
	changed = change.RowsAffected
	rows, err = softdelete.Rebuild(db, &eventTypes{})
	require.NoError(t, err)
	require.Equal(t, removed+changed, rows)
	require.Equal(t, before, contents(t, db, table))
	rows, err = softdelete.Rebuild(db, &eventTypes{})
	require.NoError(t, err)
	require.Zero(t, rows)
}

func contents(t *testing.T, db *gorm.DB, table string) (rows []map[string]any) {
	t.Helper()
	require.NoError(t, db.Table(table).Order("area, number").Find(&rows).Error)
	return rows
}

func TestAValueThatIsNoneOfItsColumnsTypeIsAnErrorThatDoesNotQuoteIt(t *testing.T) {
	testdb.ExpectParseErrors(t)
	testdb.EachOf(t, testdb.TypedColumns, func(t *testing.T, database *testdb.Database) {
		_, db := releases(t, database)
		row := releasedRow()
		require.NoError(t, db.Create(&row).Error)
		for name, data := range map[string]string{
			"an integer": `"visits": "s3cret"`, "the beginning of an integer": `"visits": "5s3cret"`, "a boolean": `"vip": "s3cret"`, "a fraction": `"rate": "s3cret"`,
			"a time": `"seen": "s3cret"`, "what begins as a time": `"seen": "2026-03-01 s3cret"`, "a list": `"visits": ["s3cret"]`,
		} {
			t.Run(name, func(t *testing.T) {
				tx := db.Begin()
				defer tx.Rollback()
				fixture.Exec(t, tx, `UPDATE released_events SET data = '{"id": 1, `+data+`}'`)
				for function, call := range map[string]func() error{
					"AsOf":    func() error { return softdelete.AsOf(tx, &releaseNew{ID: 1}, time.Now().Add(time.Minute)) },
					"Rebuild": func() error { _, err := softdelete.Rebuild(tx, &releaseNew{}); return err },
				} {
					err := tx.Transaction(func(*gorm.DB) error { return call() }) // which a failed statement ends here and there
					require.ErrorIs(t, err, softdelete.ErrUnsupported, function)
					require.ErrorContains(t, err, "a row of releaseNew (table released) cannot be read from its events: a value", function)
					require.NotContains(t, err.Error(), "s3cret", function)
				}
			})
		}
	})
}
