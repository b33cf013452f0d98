package dialect_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// mysqlKinds has a column of every kind that keys are made of.
type mysqlKinds struct {
	ID       int64
	Name     string  `gorm:"size:40"`
	Fixed    string  `gorm:"type:char(10)"`
	Words    string  `gorm:"type:text"`
	Number   uint64  `gorm:"not null"`
	Yes      bool    `gorm:"not null"`
	Real     float64 `gorm:"not null"`
	Single   float32 `gorm:"not null"`
	Price    string  `gorm:"type:decimal(20,4)"`
	Whole    string  `gorm:"type:decimal"`
	Data     []byte  `gorm:"size:20"`
	At       time.Time
	AtSecond time.Time `gorm:"type:datetime"`
	AtMicro  time.Time `gorm:"precision:6"`
	Stamp    time.Time `gorm:"type:timestamp(2) NULL"`
	Day      time.Time `gorm:"type:date"`
	Choice   string    `gorm:"type:enum('a','b,c')"`
	Year     int       `gorm:"type:year"`
}

// storedKeys inserts a row and compares, of every field, the text of its key in SQL with that of the value.
func storedKeys(t *testing.T, db *gorm.DB, d *dialect.Dialect, row mysqlKinds) {
	t.Helper()
	require.NoError(t, db.Create(&row).Error)
	stmt := &gorm.Statement{DB: db}
	require.NoError(t, stmt.Parse(&row))
	var columns []dialect.KeyColumn
	var names []string
	for _, field := range stmt.Schema.Fields {
		c := d.KeyColumn(field)
		value, _ := field.ValueOf(t.Context(), reflect.ValueOf(row))
		told := keyInSQL(t, db, d, []dialect.KeyColumn{c}, []string{"`" + field.DBName + "`"}, row.ID)
		require.Equal(t, told, d.ValueInKey(c, plain(value)), "%s: %v", field.Name, value)
		columns, names = append(columns, c), append(names, "`"+field.DBName+"`")
	}
	parts := ""
	for i, field := range stmt.Schema.Fields {
		value, _ := field.ValueOf(t.Context(), reflect.ValueOf(row))
		if i > 0 {
			parts += ","
		}
		parts += columns[i].EscapeKey(d.ValueInKey(columns[i], plain(value)))
	}
	require.Equal(t, parts, keyInSQL(t, db, d, columns, names, row.ID))
}

func keyInSQL(t *testing.T, db *gorm.DB, d *dialect.Dialect, columns []dialect.KeyColumn, names []string, id int64) (text string) {
	t.Helper()
	require.NoError(t, db.Raw("SELECT "+d.KeySQL(columns, names)+" FROM mysql_kinds WHERE id = ?", id).Row().Scan(&text))
	return text
}

// plain is a value as package rowkey gives it.
func plain(value any) any {
	switch value := value.(type) {
	case int:
		return int64(value)
	case float32:
		return float64(value)
	}
	return value
}

func TestKeysOfMySQLHaveOneTextInSQLAndInTheProgram(t *testing.T) {
	db, d := openMySQL(t)
	require.NoError(t, db.Migrator().CreateTable(&mysqlKinds{}))
	at := time.Date(2026, 11, 30, 23, 59, 59, 0, time.FixedZone("", 3600))
	day := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	row := func(id int64) mysqlKinds {
		return mysqlKinds{ID: id, Price: "0", Whole: "0", At: at, AtSecond: at, AtMicro: at, Stamp: at, Day: day, Choice: "a", Year: 2026, Data: []byte{0, 255}}
	}
	id := int64(0)
	for _, text := range []string{"", "a,b", `\`, `a\,b`, "é'\"", "Äß", "x "} {
		id++
		r := row(id)
		r.Name, r.Fixed, r.Words, r.Data = text, text, text, []byte(text)
		storedKeys(t, db, d, r)
	}
	for _, nanoseconds := range []int{0, 1, 499, 500, 999, 4_999, 5_000, 499_999, 500_000, 999_499, 4_999_999, 5_000_000, 499_999_999, 500_000_000, 994_999_999, 999_999_999} {
		id++
		r := row(id)
		of := at.Add(time.Duration(nanoseconds))
		r.At, r.AtSecond, r.AtMicro, r.Stamp = of, of, of, of
		storedKeys(t, db, d, r)
	}
	id++
	last := row(id)
	last.Price, last.Whole, last.Number, last.Yes, last.Choice = "-12.3400", "77", math.MaxUint64, true, "b,c"
	storedKeys(t, db, d, last)
}

// mysqlReals are binary fractions.
type mysqlReals struct {
	ID     int64
	Double float64 `gorm:"not null"`
	Single float32 `gorm:"not null"`
}

func TestFractionsInKeysOfMySQLHaveOneTextInSQLAndInTheProgram(t *testing.T) {
	db, d := openMySQL(t)
	require.NoError(t, db.Migrator().CreateTable(&mysqlReals{}))
	reals := []float64{0, 1, -1, 0.1, 0.1 + 0.2, 1e15, 1e16, 123456789012345678, 1e-15, 1e-14, 1e-7, 1.5e-20, 1e100, -2.5e-300, math.MaxFloat64, 5e-324, 999999999999999, 1e14, math.Pi}
	for range 2000 {
		reals = append(reals, math.Float64frombits(rand.Uint64()&^(1<<62)), (rand.Float64()-0.5)*math.Pow10(rand.IntN(40)-20))
	}
	rows := make([]mysqlReals, len(reals))
	for i, x := range reals {
		rows[i] = mysqlReals{Double: x, Single: float32(math.Mod(x, 1e30))}
	}
	require.NoError(t, db.CreateInBatches(rows, 500).Error)
	double, single := dialect.KeyColumn{Kind: dialect.KeyReal}, dialect.KeyColumn{Kind: dialect.KeyReal, Single: true}
	var told []struct{ One, Other string }
	require.NoError(t, db.Raw("SELECT "+d.KeySQL([]dialect.KeyColumn{double}, []string{"`double`"})+" AS one, "+
		d.KeySQL([]dialect.KeyColumn{single}, []string{"`single`"})+" AS other FROM mysql_reals ORDER BY id").Scan(&told).Error)
	require.Len(t, told, len(rows))
	for i, row := range rows {
		require.Equal(t, told[i].One, d.ValueInKey(double, row.Double), row.Double)
		require.Equal(t, told[i].Other, d.ValueInKey(single, float64(row.Single)), row.Single)
	}
}

func TestTheTextOfAKeyOfMySQLDoesNotDependOnTheSession(t *testing.T) {
	db, d := openMySQL(t)
	require.NoError(t, db.Migrator().CreateTable(&mysqlKinds{}))
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	require.NoError(t, db.Create(&mysqlKinds{ID: 1, Name: `ä\,`, Fixed: "ß", Words: "x", Price: "1", Whole: "1", At: at, AtSecond: at, AtMicro: at, Stamp: at, Day: at, Choice: "a", Year: 2026, Data: []byte{0, 255}}).Error)
	stmt := &gorm.Statement{DB: db}
	require.NoError(t, stmt.Parse(&mysqlKinds{}))
	var columns []dialect.KeyColumn
	var names []string
	for _, field := range stmt.Schema.Fields {
		if field.DBName == "stamp" { // which the session's zone changes
			continue
		}
		columns, names = append(columns, d.KeyColumn(field)), append(names, "`"+field.DBName+"`")
	}
	want := keyInSQL(t, db, d, columns, names, 1)
	require.NoError(t, db.Connection(func(db *gorm.DB) error {
		for _, setting := range []string{
			"SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT'", "SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SET time_zone = '+09:00'", "SET lc_time_names = 'de_DE'",
		} {
			fixture.Exec(t, db, setting)
			require.Equal(t, want, keyInSQL(t, db, d, columns, names, 1), setting)
		}
		return nil
	}))
}

func TestTypesOfMySQLAreOfAKind(t *testing.T) {
	for name, want := range map[string]dialect.KeyColumn{
		"BIGINT UNSIGNED": {Kind: dialect.KeyWhole, Digits: -1}, "varchar(40)": {Kind: dialect.KeyText, Digits: -1}, "CHAR(36)": {Kind: dialect.KeyPadded, Digits: -1},
		"double precision": {Kind: dialect.KeyReal, Digits: -1}, "float": {Kind: dialect.KeyReal, Digits: -1, Single: true}, "real": {Kind: dialect.KeyReal, Digits: -1},
		"decimal(10,2)": {Kind: dialect.KeyDecimal, Digits: 2}, "decimal(8)": {Kind: dialect.KeyDecimal, Digits: 0}, "numeric": {Kind: dialect.KeyDecimal, Digits: 0},
		"datetime(6) NOT NULL": {Kind: dialect.KeyInstant, Digits: 6}, "timestamp": {Kind: dialect.KeyInstant, Digits: 0}, "date": {Kind: dialect.KeyDate, Digits: -1},
		"binary(16)": {Kind: dialect.KeyBytes, Digits: -1}, "uuid": {Kind: dialect.KeyUUID, Digits: -1}, "json": {Kind: dialect.KeyOther, Digits: -1},
		"time(3)": {Kind: dialect.KeyOther, Digits: -1}, "set('a')": {Kind: dialect.KeyOther, Digits: -1},
	} {
		require.Equal(t, want, dialect.MySQL.KeyColumn(&schema.Field{DataType: schema.DataType(name)}), name)
	}
}

func TestTimesWithMoreDigitsThanAColumnAreCutOnMariaDBAndRoundedOnMySQL(t *testing.T) {
	c := dialect.KeyColumn{Kind: dialect.KeyInstant, Digits: 3}
	at := time.Date(2026, 12, 31, 23, 59, 59, 999_500_000, time.UTC)
	require.Equal(t, "2026-12-31 23:59:59.999000", dialect.MariaDB.ValueInKey(c, at))
	require.Equal(t, "2027-01-01 00:00:00.000000", dialect.MySQL.ValueInKey(c, at))
	require.Equal(t, "0000-00-00 00:00:00.000000", dialect.MySQL.ValueInKey(c, time.Time{}), "the driver sends it so")
	require.Equal(t, "1969-12-31 23:59:59.999000", dialect.MariaDB.ValueInKey(c, time.Unix(0, -1)))
}
