package erasure_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// The fit… models have one column each, which others than GORM have made.
type (
	fitNull struct {
		ID    int64
		Value *string `pii:"null"`
	}
	fitZero struct {
		ID    int64
		Value *string `pii:"zero"`
	}
	fitFixed struct {
		ID    int64
		Value *string `pii:"fixed:[erased]"`
	}
	fitNumber struct {
		ID    int64
		Value *string `pii:"fixed:7"`
	}
	fitTemplate struct {
		ID    int64
		Value *string `pii:"template:gone-{id}"`
	}
	fitRandom struct {
		ID    int64
		Value *string `pii:"random"`
	}
	fitCode struct {
		ID    int64
		Value *string `pii:"hmac"`
	}
	fitNetwork struct {
		ID    int64
		Value string `gorm:"not null" pii:"truncate:ip"`
	}
	fitDocument struct {
		ID    int64
		Value string `gorm:"not null" pii:"json:$.a"`
	}
	fitInteger struct {
		ID    int64
		Value *int64 `pii:"fixed:70000"`
	}
	fitYear struct {
		ID    int64
		Value *time.Time `pii:"truncate:year"`
	}
)

// fitted is a mask's model, and what its mask does: an expression, with a value where it has one.
type fitted struct {
	model      any
	name       string
	expression string
	values     []any
}

var fittedMasks = []fitted{
	{&fitNull{}, "null", "NULL", nil},
	{&fitZero{}, "zero", "?", []any{""}},
	{&fitFixed{}, "fixed", "?", []any{"[erased]"}},
	{&fitNumber{}, "fixed", "?", []any{"7"}},
	{&fitTemplate{}, "template", "'gone-' || id::text", nil},
	{&fitRandom{}, "random", "substr(replace(gen_random_uuid()::text, '-', ''), 1, 32)", nil},
	{&fitCode{}, "hmac", "?", []any{strings.Repeat("0f", 32)}},
	{&fitNetwork{}, "truncate:ip", "?", []any{""}},
	{&fitDocument{}, "json", "?", []any{`null`}},
	{&fitInteger{}, "fixed", "?", []any{int64(70000)}},
	{&fitYear{}, "truncate:year", "(date_trunc('year', value AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')", nil},
}

// fittedTypes are types of columns, with a value that each has.
var fittedTypes = map[string]string{
	"text": "canary", "varchar(4)": "cana", "mood": "canary", "text[]": "{canary}", "int4range": "[1,5)", "interval": "17 days", "xml": "<canary/>",
	"jsonb": `{"a": "canary"}`, "bit(3)": "101", "inet": "192.0.2.77", "uuid": "11111111-2222-3333-4444-555555555555", "handle": "canary",
	"integer": "4711", "smallint": "4711", "timestamptz": "2001-02-03 04:05:06+00", "boolean": "true", "bytea": `\x63616e617279`,
}

// fitsTable makes the table of a model by hand, with a row that has the value, and tells whether the column can hold what the mask
// writes: by writing it.
func fitsTable(t *testing.T, db *gorm.DB, table, columnType, value string, mask fitted) bool {
	t.Helper()
	fixture.Exec(t, db, `CREATE TABLE "`+table+`" (id bigint PRIMARY KEY, value `+columnType+`)`)
	require.NoError(t, db.Exec(`INSERT INTO "`+table+`" VALUES (1, CAST(CAST(? AS text) AS `+columnType+`))`, value).Error, columnType)
	values := slices.Clone(mask.values)
	if mask.name == "truncate:ip" && columnType == "inet" { // an address stays one
		values[0] = "192.0.2.0"
	}
	undone := errors.New("undone")
	err := db.Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`UPDATE "`+table+`" SET value = `+mask.expression, values...).Error; err != nil {
			return err
		}
		var text string
		if mask.name == "fixed" || mask.name == "zero" { // its text is how it is known again
			require.NoError(t, tx.Table(table).Select("value::text").Scan(&text).Error)
			if text != fmt.Sprint(values[0]) {
				return errors.New("another value")
			}
		}
		return undone
	})
	return errors.Is(err, undone)
}

func TestAMaskThatTheColumnsTypeDoesNotTakeIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	testdb.EachOf(t, testdb.OwnTypes, func(t *testing.T, database *testdb.Database) {
		admin := fixture.Open(t, database, softdelete.Config{})
		fixture.Exec(t, admin, "CREATE TYPE mood AS ENUM ('canary', '7')", "CREATE DOMAIN handle AS text CHECK (VALUE NOT LIKE '[%')")
		refused, done := 0, 0
		for columnType, value := range fittedTypes {
			prefix := strings.NewReplacer("(", "", ")", "", "[]", "s").Replace(columnType) + "_"
			config := softdelete.Config{}
			for _, mask := range fittedMasks {
				config.Models = append(config.Models, mask.model)
			}
			db := fixture.Use(t, database, config, &gorm.Config{NamingStrategy: schema.NamingStrategy{TablePrefix: prefix}})
			for _, mask := range fittedMasks {
				table := fixture.Table(t, db, mask.model)
				said := columnType + " " + table
				fits := fitsTable(t, admin, table, columnType, value, mask)
				subject := reflect.New(reflect.TypeOf(mask.model).Elem())
				subject.Elem().FieldByName("ID").SetInt(1)
				_, foreseen := softdelete.PreviewErasure(db, subject.Interface())
				_, erased := softdelete.Erase(db, subject.Interface(), softdelete.ErasureRequest{})
				if fits {
					done++
					require.NoError(t, foreseen, said)
					require.NoError(t, erased, said)
					continue
				}
				refused++
				for _, err := range []error{foreseen, erased} {
					require.ErrorIs(t, err, softdelete.ErrUnsupported, said)
					for _, part := range []string{subject.Elem().Type().Name() + ".Value: ", "table " + table, "pii \"" + mask.name + "\""} {
						require.ErrorContains(t, err, part, said)
					}
					require.NotContains(t, err.Error(), "canar", said)
				}
				require.Equal(t, 1, fixture.Rows(t, admin, table, "value::text = ?::"+columnType+"::text", value), said)
			}
		}
		require.Greater(t, refused, 50)
		require.Greater(t, done, 50)
	})
}

// fitPaper goes to an archive, whose column is of another type.
type fitPaper struct {
	_     struct{} `softdelete:"archive"`
	ID    uint
	Title string  `pii:"fixed:[erased]"`
	Note  *string `pii:"null"`
}

func TestTheColumnsOfAnArchiveAreAskedToo(t *testing.T) {
	testdb.EachOf(t, testdb.OwnTypes, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&fitPaper{}}})
		require.NoError(t, db.Create(&fitPaper{ID: 1, Title: "canary"}).Error)
		fixture.Exec(t, db, "CREATE TYPE title AS ENUM ('canary')", "ALTER TABLE fit_papers_archive ALTER title TYPE title USING title::title")
		_, foreseen := softdelete.PreviewErasure(db, &fitPaper{ID: 1})
		_, erased := softdelete.Erase(db, &fitPaper{ID: 1}, softdelete.ErasureRequest{})
		for _, err := range []error{foreseen, erased} {
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "fitPaper.Title: the column title of table fit_papers_archive is of the type title")
			require.ErrorContains(t, err, `write gorm:"type:title" on the field, with which pii:"null" would work`)
		}
		require.Equal(t, 1, fixture.Rows(t, db, "fit_papers", "title = 'canary'"))
		fixture.Exec(t, db, "ALTER TABLE fit_papers_archive ALTER title TYPE text")
		_, err := softdelete.Erase(db, &fitPaper{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err, "the table is looked at again")
	})
}

func TestColumnsAreAskedOnceForWhatTheyTake(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{Models: []any{&fitFixed{}, &fitNumber{}}})
		require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), &fitNumber{})...))
		fixture.Exec(t, db, "CREATE TABLE fit_fixeds (id bigint PRIMARY KEY, value varchar(20))", "INSERT INTO fit_fixeds VALUES (1, 'a'), (2, 'b')")
		value := "4711"
		require.NoError(t, db.Create(&fitNumber{ID: 1, Value: &value}).Error)
		recorder := testdb.Record(db)
		asked := func(subject any) (n int) {
			recorder.Reset()
			_, err := softdelete.Erase(db, subject, softdelete.ErasureRequest{})
			require.NoError(t, err)
			for _, text := range recorder.Statements() {
				if strings.HasPrefix(text, "EXPLAIN") {
					n++
				}
			}
			return n
		}
		first := 0
		if database.Name == "postgres" {
			first = 1
		}
		require.Equal(t, first, asked(&fitFixed{ID: 1}))
		require.Zero(t, asked(&fitFixed{ID: 2}))
		require.Zero(t, asked(&fitNumber{ID: 1}), "what AutoMigrate has made is not asked")
	})
}

func TestARoleThatMayNotWriteForeseesAnErasureAllTheSame(t *testing.T) {
	testdb.EachOf(t, testdb.Roles, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{Models: []any{&fitFixed{}}})
		require.NoError(t, db.AutoMigrate(softdelete.Tables()...))
		fixture.Exec(t, db, "CREATE TABLE fit_fixeds (id bigint PRIMARY KEY, value varchar(20))", "INSERT INTO fit_fixeds VALUES (1, 'a')")
		fixture.As(t, db, fixture.Role(t, db, "SELECT"), func(db *gorm.DB) {
			plan, err := softdelete.PreviewErasure(db, &fitFixed{ID: 1})
			require.NoError(t, err)
			require.Len(t, plan.Tables, 1)
		})
	})
}

type (
	fitFuncText struct {
		ID    int64
		Value *string `pii:"func:text"`
	}
	fitFuncNumber struct {
		ID    int64
		Value *int64 `pii:"func:number"`
	}
)

func TestWhatAMaskerGivesAndAColumnDoesNotTakeIsToldWithoutTheValue(t *testing.T) {
	testdb.EachOf(t, testdb.OwnTypes, func(t *testing.T, database *testdb.Database) {
		admin := fixture.Open(t, database, softdelete.Config{})
		fixture.Exec(t, admin, "CREATE TYPE mood AS ENUM ('canary', '7')")
		maskers := map[string]softdelete.Masker{
			"text":   func(context.Context, any) (any, error) { return "secret canary", nil },
			"number": func(context.Context, any) (any, error) { return int64(47114711), nil },
		}
		refused := 0
		for columnType, value := range map[string]string{
			"mood": "canary", "inet": "192.0.2.77/32", "text": "4711", "smallint": "4711", "varchar(4)": "4711", "uuid": "11111111-2222-3333-4444-555555555555", "boolean": "true",
		} {
			prefix := strings.NewReplacer("(", "", ")", "").Replace(columnType) + "_"
			config := softdelete.Config{Models: []any{&fitFuncText{}, &fitFuncNumber{}}, Maskers: maskers}
			db := fixture.Use(t, database, config, &gorm.Config{NamingStrategy: schema.NamingStrategy{TablePrefix: prefix}})
			for _, model := range []any{&fitFuncText{ID: 1}, &fitFuncNumber{ID: 1}} {
				table := fixture.Table(t, db, model)
				fixture.Exec(t, admin, `CREATE TABLE "`+table+`" (id bigint PRIMARY KEY, value `+columnType+`)`, `INSERT INTO "`+table+`" VALUES (1, '`+value+`')`)
				_, err := softdelete.Erase(db, model, softdelete.ErasureRequest{})
				if err == nil {
					continue
				}
				refused++
				said := reflect.TypeOf(model).Elem().Name() + ".Value, column value of table " + table + " failed: "
				require.Regexp(t, regexp.QuoteMeta(said)+"(the column cannot hold what its mask writes; give|what the column has cannot be read into its field; give)", err.Error())
				require.NotRegexp(t, "secret|canary|4711|192[.]0|11111111|\"true\"", refusedTexts(err), "neither the old value nor the new one")
				require.Equal(t, 1, fixture.Rows(t, admin, table, "value::text = ?", value))
			}
		}
		require.Greater(t, refused, 10)
	})
}
