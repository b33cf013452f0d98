package erasure_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// maskedLike has a column for every mask whose values have a look of their own.
	maskedLike struct {
		ID       uint
		Template string `gorm:"type:text" pii:"template:user{id}"`
		Random   string `gorm:"type:text" pii:"template:x-{random}"`
		Both     string `gorm:"type:text" pii:"template:{id}-{random}"`
		Digits   string `gorm:"size:32" pii:"random"`
		Code     string `gorm:"type:text" pii:"hmac"`
		Fixed    string `gorm:"type:text" pii:"fixed:[erased]"`
		Zero     string `gorm:"type:text" pii:"zero"`
		Address  string `gorm:"type:text" pii:"truncate:ip"`
		Hint     string `gorm:"type:text"`
	}
	maskedLikeLogged struct {
		_    struct{}   `softdelete:"events"`
		Like maskedLike `gorm:"embedded"`
	}
	maskedLikeMarked struct {
		Like      maskedLike `gorm:"embedded"`
		DeletedAt gorm.DeletedAt
	}
)

func TestAValueThatLooksErasedIsLookedForAllTheSame(t *testing.T) {
	const digits = "0123456789abcdef0123456789abcdef"
	looks := map[string]string{
		"template": "user-anna", "random": "x-" + digits, "both": "7-" + digits, "digits": digits, "code": digits + digits, "fixed": "[erased] by Anna",
		"zero": "anna", "address": "192.0.2.77",
	}
	type model struct {
		make func(like maskedLike) any
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&maskedLike{}, &maskedLikeLogged{}, &maskedLikeMarked{}}})
		id := uint(0)
		for name, m := range map[string]model{
			"plain":  {func(like maskedLike) any { return &like }},
			"logged": {func(like maskedLike) any { return &maskedLikeLogged{Like: like} }},
			"marked": {func(like maskedLike) any { return &maskedLikeMarked{Like: like} }},
		} {
			for column, value := range looks {
				t.Run(name+" "+column, func(t *testing.T) {
					id++
					row := m.make(maskedLike{ID: id, Hint: "once " + value + " here"})
					require.NoError(t, db.Create(row).Error)
					require.NoError(t, db.Model(row).UpdateColumn(column, value).Error)
					_, err := softdelete.Erase(db, row, softdelete.ErasureRequest{})
					require.ErrorIs(t, err, softdelete.ErrUnsupported)
					require.ErrorContains(t, err, "column hint")
					require.NotContains(t, err.Error(), value)
					require.NoError(t, db.Model(row).UpdateColumn("hint", "none").Error)
					if name == "logged" { // its history still has it
						return
					}
					certificate, err := softdelete.Erase(db, row, softdelete.ErasureRequest{})
					require.NoError(t, err)
					require.True(t, certificate.Verified)
				})
			}
			t.Run(name+", values that the masks leave as they are", func(t *testing.T) {
				id++
				own := fmt.Sprintf("user%d", id)
				row := m.make(maskedLike{ID: id, Template: own, Fixed: "[erased]", Address: "192.0.2.0", Hint: own + ", [erased], 192.0.2.0"})
				require.NoError(t, db.Create(row).Error)
				_, err := softdelete.Erase(db, row, softdelete.ErasureRequest{})
				require.NoError(t, err)
			})
		}
	})
}

type (
	// formedPerson has a personal column of every type that is looked for.
	formedPerson struct {
		ID      uint
		Token   string     `gorm:"type:uuid;default:null" pii:"null"`
		Income  *float64   `gorm:"type:decimal(12,2)" pii:"null"`
		Weight  *float64   `pii:"null"`
		Number  *int64     `pii:"null"`
		Born    *time.Time `gorm:"type:date" pii:"null"`
		Seen    *time.Time `pii:"truncate:year"`
		Started *time.Time `pii:"zero"`
		Left    *time.Time `pii:"fixed:1970-01-01"`
		Hint    string     `gorm:"type:text"`
	}
)

func TestValuesOfEveryTypeAreLookedForInTheirForms(t *testing.T) {
	float, number := func(f float64) *float64 { return &f }, func(n int64) *int64 { return &n }
	day := time.Date(1980, 5, 17, 0, 0, 0, 0, time.UTC)
	instant := time.Date(2024, 2, 3, 14, 5, 6, 700_000_000, time.FixedZone("", 2*60*60))
	const token = "550e8400-e29b-41d4-a716-446655440000"
	for _, c := range []struct {
		name   string
		person formedPerson
		found  []string
		not    []string
	}{
		{"uuid", formedPerson{Token: token}, []string{token, "550E8400E29B41D4A716446655440000", `{"token":"` + token + `"}`}, []string{"550e8400"}},
		{"decimal", formedPerson{Income: float(54321.5)}, []string{"54321.5", "54321.50", "EUR 54321.5"}, []string{"54321", "54321.55", "154321.5"}},
		{"a decimal of few digits", formedPerson{Income: float(12.5)}, nil, []string{"12.5", "12.50"}},
		{"float", formedPerson{Weight: float(71.123456)}, []string{"71.123456"}, []string{"71.12"}},
		{"integer", formedPerson{Number: number(-123456)}, []string{"123456", "-123456"}, []string{"1234567"}},
		{"an integer of few digits", formedPerson{Number: number(12345)}, nil, []string{"12345"}},
		{"date", formedPerson{Born: &day}, []string{"1980-05-17", "born 1980-05-17T00:00:00Z", "1980-05-17 00:00:00"}, []string{"1980", "1980-05"}},
		{"instant", formedPerson{Seen: &instant}, []string{"2024-02-03 12:05:06", "2024-02-03T12:05:06Z", "2024-02-03T12:05:06.7Z"}, []string{"2024-02-03", "2024-02-03 12:05"}},
		{"zeroed instant", formedPerson{Started: &instant}, []string{"2024-02-03 12:05:06.7+00:00"}, []string{"12:05:06"}},
		{"fixed instant", formedPerson{Left: &instant}, []string{"2024-02-03T12:05:06.700Z"}, []string{"12:05:06"}},
	} {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db := fixture.Open(t, database, softdelete.Config{Models: []any{&formedPerson{}}})
			id := uint(0)
			try := func(hint string) error {
				id++
				row := c.person
				row.ID, row.Hint = id, hint
				require.NoError(t, db.Create(&row).Error)
				_, err := softdelete.Erase(db, &row, softdelete.ErasureRequest{})
				return err
			}
			for _, hint := range c.found {
				require.ErrorContains(t, try(hint), "column hint", "%s as %s", c.name, hint)
			}
			for _, hint := range c.not {
				require.NoError(t, try(hint), "%s as %s", c.name, hint)
			}
		})
	}
}
