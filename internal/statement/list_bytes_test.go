package statement_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	// listedText and listedUUID have bytes in the program, and something else in the database.
	listedText struct {
		ID    int
		Value []byte `gorm:"type:text"`
	}
	listedUUID struct {
		ID    int
		Value []byte `gorm:"type:uuid"`
	}
)

func (listedText) TableName() string { return "listed" }

func (listedUUID) TableName() string { return "listed" }

func TestBytesAreFoundInColumnsThatAreNotOfBytes(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		one, two := []byte("018f4e2a00007000"), []byte("018f4e2a00007001")
		for name, c := range map[string]struct{ model, rows any }{
			"text": {&listedText{}, &[]listedText{{1, one}, {2, two}, {3, []byte(`\x61`)}}},
			"uuid": {&listedUUID{}, &[]listedUUID{{1, one}, {2, two}}},
		} {
			if name == "uuid" && database.Name == "mysql" {
				continue // MySQL has no such type, and MariaDB's takes a text only
			}
			t.Run(name, func(t *testing.T) {
				db := database.Open(t)
				require.NoError(t, db.Migrator().DropTable("listed"))
				require.NoError(t, db.AutoMigrate(c.model))
				require.NoError(t, db.Create(c.rows).Error)
				require.Equal(t, []int{1, 2}, found(t, db, c.model, []any{two, one}))
				require.Empty(t, found(t, db, c.model, []any{[]byte("018f4e2a00007002"), []byte("018f4e2a00007003")}))
			})
		}
	})
}

func TestAListOfFractionsHasAllTheirBits(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		model := &listed[float64]{}
		require.NoError(t, db.Migrator().DropTable("listed"))
		require.NoError(t, db.AutoMigrate(model))
		random := rand.New(rand.NewPCG(1, 2))
		var rows []listed[float64]
		var values, beside []any
		for i := range 500 {
			x := math.Ldexp(1+random.Float64(), random.IntN(70)-9)
			if i%2 == 0 {
				x = -x
			}
			rows = append(rows, listed[float64]{ID: i + 1, Value: x})
			values, beside = append(values, x), append(beside, math.Nextafter(x, 0), math.Nextafter(x, math.Inf(1)))
		}
		require.NoError(t, db.CreateInBatches(&rows, 100).Error)
		recorder := testdb.Record(db)
		require.Len(t, found(t, db, model, values), len(values))
		require.Empty(t, found(t, db, model, beside))
		for _, s := range recorder.All() {
			require.Len(t, s.Args, 1, s.SQL)
		}
	})
}
