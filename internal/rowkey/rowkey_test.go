package rowkey_test

import (
	"database/sql"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
	"pgregory.net/rapid"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// sessions are the settings of sessions, by database, in which a key must have the same text.
var sessions = map[string][][]string{
	"sqlite": {nil},
	"mysql": { // a zone in which times would be other ones is refused
		{"SET lc_time_names = 'de_DE'"},
		{"SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'", "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci"},
		{"SET sql_mode = DEFAULT", "SET div_precision_increment = 0"},
	},
	"postgres": {
		{
			"SET LOCAL TimeZone = 'Australia/Lord_Howe'", "SET LOCAL DateStyle = 'German, DMY'", "SET LOCAL bytea_output = 'escape'",
			"SET LOCAL extra_float_digits = 0", "SET LOCAL IntervalStyle = 'sql_standard'",
		},
		{"SET LOCAL TimeZone = '-08:30'", "SET LOCAL DateStyle = 'SQL, MDY'", "SET LOCAL extra_float_digits = -15"},
		{"SET LOCAL TimeZone = 'UTC'", "SET LOCAL DateStyle = 'Postgres'", "SET LOCAL extra_float_digits = 3"},
	},
}

// keyChecks is how many sets of rows are tried per kind and database, where the flag rapid.checks does not say so.
const keyChecks = "20"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		if err := flag.Set("rapid.checks", keyChecks); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func TestKeyInTheDatabaseAndInTheProgramAreOneText(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		d, _ := dialect.Of(db.Dialector)
		d = statement.Variant(db, d)
		all := kinds(database.Name == "sqlite")
		if database.Name == "mysql" {
			all = kindsOfMySQL()
		}
		for kind, generator := range all {
			if database.Name == "sqlite" && kind == "timestamp(0)" {
				continue // the driver gives no time for a column of such a type
			}
			t.Run(kind, func(outer *testing.T) {
				var s *schema.Schema
				rapid.Check(outer, func(t *rapid.T) {
					rows := rapid.SliceOfN(generator, 1, 6).Draw(t, "rows")
					if s == nil {
						stmt := &gorm.Statement{DB: db}
						require.NoError(t, stmt.Parse(rows[0]))
						s = stmt.Schema
						require.NoError(t, db.AutoMigrate(rows[0]))
						database.Lettered(outer, db, s.Table)
					}
					require.NoError(t, db.Session(&gorm.Session{AllowGlobalUpdate: true}).Delete(reflect.New(s.ModelType).Interface()).Error)
					checkKeys(t, db, rowkey.Of(d, s.PrimaryFields), s, rows, sessions[database.Name])
				})
			})
		}
	})
}

// checkKeys writes rows and reads their keys back in several ways.
func checkKeys(t *rapid.T, db *gorm.DB, key rowkey.Key, s *schema.Schema, rows []any, sessions [][]string) {
	ctx := t.Context()
	given := map[string]bool{}
	require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
		for _, row := range rows {
			require.NoError(t, tx.Clauses(clause.OnConflict{DoNothing: true}).Create(clone(row)).Error)
			given[key.Of(ctx, reflect.ValueOf(row).Elem())] = true
		}
		return nil
	}))
	for _, session := range sessions {
		require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
			for _, setting := range session {
				require.NoError(t, tx.Exec(setting).Error)
			}
			quoted := func(name string) string {
				var text strings.Builder
				tx.Dialector.QuoteTo(&text, name)
				return text.String()
			}
			columns := make([]string, len(s.PrimaryFields))
			for i, field := range s.PrimaryFields {
				columns[i] = quoted(field.DBName)
			}
			found, err := tx.Raw("SELECT " + key.SQL(quoted) + ", " + strings.Join(columns, ", ") + " FROM " + quoted(s.Table)).Rows()
			require.NoError(t, err)
			stored := map[string]bool{}
			var keys [][]any
			for found.Next() {
				var text string
				values := make([]any, len(columns))
				targets := []any{&text}
				for i := range values {
					targets = append(targets, &values[i])
				}
				require.NoError(t, found.Scan(targets...))
				require.False(t, stored[text], "two rows have the text %q", text)
				stored[text] = true
				require.Equal(t, text, key.Exact(values), "of what the driver gives: %#v", values)
				keys = append(keys, values)
			}
			require.NoError(t, found.Err())
			require.NoError(t, found.Close())
			require.Equal(t, given, stored, "in a session with %v", session)
			require.Len(t, key.Once(slices.Concat(keys, keys)), len(keys))

			models := reflect.New(reflect.SliceOf(s.ModelType))
			require.NoError(t, tx.Find(models.Interface()).Error)
			for i := range models.Elem().Len() {
				text := key.Of(ctx, models.Elem().Index(i))
				require.True(t, stored[text], "of a model: %q", text)
				read, _, err := key.Read(ctx, text)
				require.NoError(t, err)
				require.Equal(t, text, key.Of(ctx, read.Elem()), "of what is read from the text")
			}
			return nil
		}))
	}
}

func clone(row any) any {
	value := reflect.New(reflect.TypeOf(row).Elem())
	value.Elem().Set(reflect.ValueOf(row).Elem())
	return value.Interface()
}

func TestKeyHasOneTextWhateverGoTypeHoldsIt(t *testing.T) {
	type number struct {
		ID int64
	}
	type text struct {
		ID string
	}
	type digest struct {
		ID []byte `gorm:"primaryKey"`
	}
	type identity struct {
		ID string `gorm:"type:uuid"`
	}
	type moment struct {
		ID time.Time `gorm:"primaryKey"`
	}
	type answer struct {
		ID bool `gorm:"primaryKey"`
	}
	type price struct {
		ID string `gorm:"type:numeric(10,2)"`
	}
	seven, word := 7, "a,b"
	pointer := &seven
	id := rowUUID{0xab, 15: 1}
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		d, _ := dialect.Of(db.Dialector)
		for _, c := range []struct {
			model  any
			values []any
			only   string // the database on which they are equal
		}{
			{&number{}, []any{7, int8(7), int64(7), uint(7), uint64(7), "7", []byte("7"), &seven, &pointer, rowStatus(7), sql.NullInt64{Int64: 7, Valid: true}, 7.0}, ""},
			{&text{}, []any{word, &word, []byte(word), rowCode(word), sql.NullString{String: word, Valid: true}, sql.RawBytes(word)}, ""},
			{&digest{}, []any{word, []byte(word), [3]byte{'a', ',', 'b'}, json.RawMessage(word)}, ""},
			{&identity{}, []any{id, &id, id.String(), []byte(id.String())}, ""},
			{&identity{}, []any{id, strings.ToUpper(id.String()), strings.ReplaceAll(id.String(), "-", ""), "{" + id.String() + "}", [16]byte(id), id[:]}, "postgres"},
			{&moment{}, []any{at, &at, sql.NullTime{Time: at, Valid: true}}, ""},
			{&moment{}, []any{at, at.In(time.FixedZone("", 3600)), at.Truncate(time.Microsecond), "2026-03-01 13:00:00.123456+01:00"}, "postgres"},
			{&answer{}, []any{true, int64(1), "true", "t", "1", sql.NullBool{Bool: true, Valid: true}}, ""},
			{&price{}, []any{"1.5", "1.50", 1.5, float32(1.5), []byte("1.500"), rowDecimal{150, 2}}, ""},
		} {
			if c.only != "" && c.only != database.Name {
				continue
			}
			stmt := &gorm.Statement{DB: db}
			require.NoError(t, stmt.Parse(c.model))
			key := rowkey.Of(d, stmt.Schema.PrimaryFields)
			for _, value := range c.values {
				require.Equal(t, key.Exact(c.values[:1]), key.Exact([]any{value}), "%T as the key of %T", value, c.model)
			}
		}
	})
}

func TestKeysThatAreNotEqualHaveDifferentTexts(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		d, _ := dialect.Of(db.Dialector)
		stmt := &gorm.Statement{DB: db}
		require.NoError(t, stmt.Parse(&keyedPair{}))
		key := rowkey.Of(d, stmt.Schema.PrimaryFields)
		pairs := [][]any{
			{"a,b", "c"},
			{"a", "b,c"},
			{`a\`, "b,c"},
			{`a\,b`, "c"},
			{`a\`, `,b,c`},
			{"", "a,b,c"},
			{"a,b,c", ""},
			{"a", "b"},
			{"A", "b"},
			{"a ", "b"},
			{"a", " b"},
			{`a"`, "b"},
			{"a'", "b"},
			{"ä", "b"},
			{"a\u0308", "b"},
			{`\`, `\`},
			{`\\`, ""},
			{"", `\\`},
			{nil, "b"},
			{"", "b"},
		}
		require.Len(t, key.Once(pairs), len(pairs))
		for _, pair := range pairs[:len(pairs)-2] {
			_, read, err := key.Read(t.Context(), key.Exact(pair))
			require.NoError(t, err)
			require.Equal(t, pair, read)
		}
		for _, text := range []string{"", "a", "a,b,c", `a\,b`} {
			_, _, err := key.Read(t.Context(), text)
			require.ErrorIs(t, err, gorm.ErrInvalidValue, "%q is the text of no pair", text)
		}
	})
}
