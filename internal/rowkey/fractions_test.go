package rowkey_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// This room tries the texts of fractions, however far they are from 1.

// farFractions are all that are finite, at the borders of the forms too.
func farFractions() *rapid.Generator[float64] {
	return rapid.Custom(func(t *rapid.T) float64 {
		x := math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
		if rapid.Bool().Draw(t, "near a power of two") {
			x = math.Ldexp(1, rapid.OneOf(
				rapid.IntRange(-1074, 1023), rapid.SampledFrom([]int{-1074, -1023, -1022, -153, -134, -82, -81, -80, -9, 62, 63, 134, 135, 136, 207, 999, 1023}),
			).Draw(t, "exponent"))
			x = math.Float64frombits(math.Float64bits(x) + uint64(rapid.IntRange(0, 2).Draw(t, "above")) - 1)
		}
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return math.MaxFloat64
		}
		if rapid.Bool().Draw(t, "below zero") {
			x = -x
		}
		return x
	})
}

// keyOfModel is the key of a model.
func keyOfModel(t require.TestingT, db *gorm.DB, model any) rowkey.Key {
	stmt := &gorm.Statement{DB: db}
	require.NoError(t, stmt.Parse(model))
	d, _ := dialect.Of(db.Dialector)
	return rowkey.Of(d, stmt.Schema.PrimaryFields)
}

func TestNoTwoFractionsShareAText(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		key := keyOfModel(t, db, &keyedDouble{})
		rapid.Check(t, func(t *rapid.T) {
			for range 50 {
				x := farFractions().Draw(t, "x")
				text := key.Exact([]any{x})
				back, err := dialect.KeyNumber(text)
				require.NoError(t, err)
				require.Equal(t, x, back, text)
				for _, neighbour := range []float64{math.Nextafter(x, math.Inf(1)), math.Nextafter(x, math.Inf(-1)), -x} {
					require.Equal(t, neighbour == x, key.Exact([]any{neighbour}) == text, "%g and %g", x, neighbour)
				}
			}
		})
		require.Equal(t, key.Exact([]any{0.0}), key.Exact([]any{math.Copysign(0, -1)}))
		seen := map[string]bool{}
		for _, x := range []float64{math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 0x1p135, 0x1p136} {
			text := key.Exact([]any{x})
			require.False(t, seen[text], text)
			seen[text] = true
			back, err := dialect.KeyNumber(text)
			require.NoError(t, err)
			require.Equal(t, x, back, text)
		}
	})
}

func TestTextsOfFarFractionsAreOneInTheDatabaseAndInTheProgram(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		key := keyOfModel(t, db, &keyedDouble{})
		require.NoError(t, db.AutoMigrate(&keyedDouble{}))
		stmt := &gorm.Statement{DB: db}
		require.NoError(t, stmt.Parse(&keyedDouble{}))
		check := func(t *rapid.T, list []float64) {
			require.NoError(t, db.Session(&gorm.Session{AllowGlobalUpdate: true}).Delete(&keyedDouble{}).Error)
			var rows []any
			for _, x := range list {
				rows = append(rows, &keyedDouble{x})
			}
			checkKeys(t, db, key, stmt.Schema, rows, sessions[database.Name])
		}
		rapid.Check(t, func(t *rapid.T) {
			var list []float64
			for range 20 {
				x := farFractions().Draw(t, "x")
				list = append(list, x, math.Nextafter(x, 0))
			}
			check(t, list)
		})
		rapid.Check(t, func(t *rapid.T) {
			if database.Name != "mysql" {
				check(t, []float64{math.Inf(1), math.Inf(-1)})
			}
			check(t, []float64{0, 5e-324, -5e-324, math.MaxFloat64, 0x1p135, 0x1p136})
		})
	})
}

func TestTextsOfFractionsInSQLiteStayAsTheyAre(t *testing.T) {
	db := testdb.SQLite(t).Open(t)
	for x, text := range map[float64]string{
		0: "0", -1: "-1", 2.5: "2/2305843009213693952", 0.1: "0/461168601842738816", 0x1p-9: "0/9007199254740992", 0x1.8p62: "6917529027641081856",
		0x1p63: "0/9007199254740992p72", -0x1.8p134: "-6917529027641081856p72", 0x1p-10: "4611686018427387904p-72", 0x1.8p-81: "0/13510798882111488p-72",
		0x1p-134: "0/1p-72", -0x1p-100: "-0/17179869184p-72",
	} {
		require.Equal(t, text, keyOfModel(t, db, &keyedDouble{}).Exact([]any{x}))
		require.Equal(t, text, keyOfModel(t, db, &keyedDouble{}).Of(t.Context(), reflect.ValueOf(keyedDouble{x})))
	}
}

// loggedNumber has a key of which the triggers of its event log write the text: SQLite keeps it as a fraction.
type loggedNumber struct {
	_     struct{} `softdelete:"events"`
	ID    string   `gorm:"type:numeric;primaryKey"`
	Title string
}

func TestEventsOfFarNumbersAreOfTheirOwnRows(t *testing.T) {
	testdb.EachOf(t, testdb.FarNumbers, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&loggedNumber{}}})))
		require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), &loggedNumber{})...))
		keys := []string{"1", "0.5", "1e42", "1.5e42", "1e-30", "1.0000000000000002e-30", "1.0000000000000004e-30"}
		for i, key := range keys {
			require.NoError(t, db.Create(&loggedNumber{ID: key}).Error)
			for range i {
				require.NoError(t, db.Model(&loggedNumber{ID: key}).Update("title", gorm.Expr("title || 'x'")).Error)
			}
		}
		for i, key := range keys {
			events, err := softdelete.History(db, &loggedNumber{ID: key})
			require.NoError(t, err)
			require.Len(t, events, i+1, key)
		}
	})
}
