package erasure_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// equalColumns have a column for every mask that may find what it writes.
	equalColumns struct {
		ID       uint
		Nick     string     `gorm:"type:text" pii:"fixed:nobody"`
		Number   int        `pii:"fixed:123456"`
		Rate     float64    `pii:"fixed:1234.5"`
		Flag     bool       `pii:"fixed:true"`
		Day      *time.Time `gorm:"type:date" pii:"fixed:1970-01-01"`
		Instant  *time.Time `pii:"fixed:1970-01-01T12:30:00Z"`
		Empty    string     `gorm:"type:text" pii:"zero"`
		None     int        `pii:"zero"`
		Never    time.Time  `pii:"zero"`
		Bytes    []byte     `pii:"zero"`
		Nothing  *string    `pii:"null"`
		Template string     `gorm:"type:text" pii:"template:user-{id}"`
		Year     *time.Time `pii:"truncate:year"`
		Month    *time.Time `gorm:"type:date" pii:"truncate:month"`
		Network  string     `gorm:"type:text" pii:"truncate:ip"`
		Document string     `gorm:"type:text" pii:"json:$.name"`
		Blank    string     `gorm:"type:text" pii:"func:blank"`
		Hint     string     `gorm:"type:text"`
	}
	equalPlain struct {
		Columns equalColumns `gorm:"embedded"`
	}
	equalLogged struct {
		_       struct{}     `softdelete:"events"`
		Columns equalColumns `gorm:"embedded"`
	}
	equalMarked struct {
		Columns   equalColumns   `gorm:"embedded"`
		DeletedAt gorm.DeletedAt `softdelete:"events"`
	}
	equalArchived struct {
		_       struct{}     `softdelete:"archive;events"`
		Columns equalColumns `gorm:"embedded"`
	}
)

// TestValuesThatEqualTheirMasksAreErased: a row that has what the masks write, in every column, and its history.
func TestValuesThatEqualTheirMasksAreErased(t *testing.T) {
	day, instant := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1970, 1, 1, 12, 30, 0, 0, time.UTC)
	equal := equalColumns{
		ID: 7, Nick: "nobody", Number: 123456, Rate: 1234.5, Flag: true, Day: &day, Instant: &instant, Bytes: []byte{}, Template: "user-7", Year: &day,
		Month: &day, Network: "192.0.2.0", Document: `{"name":null}`,
		Hint: "nobody 123456 1234.5 true 1970-01-01 1970-01-01 12:30:00 user-7 192.0.2.0",
	}
	blank := map[string]softdelete.Masker{"blank": func(context.Context, any) (any, error) { return "", nil }}
	for name, make := range map[string]func() any{
		"plain":    func() any { return &equalPlain{Columns: equal} },
		"logged":   func() any { return &equalLogged{Columns: equal} },
		"marked":   func() any { return &equalMarked{Columns: equal} },
		"archived": func() any { return &equalArchived{Columns: equal} },
	} {
		for _, left := range []string{"there", "deleted", "removed"} {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := fixture.Open(t, database, softdelete.Config{Models: []any{make()}, Maskers: blank})
				require.NoError(t, db.Create(make()).Error)
				require.NoError(t, db.Model(make()).Update("nick", "nobody").Error)
				switch {
				case left == "deleted" && name != "plain":
					require.NoError(t, db.Delete(make()).Error)
				case left == "removed" && name != "plain":
					require.NoError(t, db.Unscoped().Delete(make()).Error)
				}
				certificate, err := softdelete.Erase(db, make(), softdelete.ErasureRequest{})
				require.NoError(t, err, "%s, %s", name, left)
				require.True(t, certificate.Verified)
				again, err := softdelete.Erase(db, make(), softdelete.ErasureRequest{})
				require.NoError(t, err)
				require.Empty(t, again.Tables, "%s, %s", name, left)
			})
		}
	}
}
