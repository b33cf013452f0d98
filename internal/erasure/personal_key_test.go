package erasure_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// keyedByMail has an address for its key.
	keyedByMail struct {
		Email     string `gorm:"primaryKey;size:80"`
		Name      string `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt
		Phones    []keyedByPhone `gorm:"foreignKey:Owner"`
		Codes     []keyedByCode  `gorm:"foreignKey:Owner"`
	}
	// keyedByPhone is removed; its key has two columns, one of them personal.
	keyedByPhone struct {
		_     struct{} `pii:"delete"`
		Kind  int      `gorm:"primaryKey;autoIncrement:false"`
		Phone string   `gorm:"primaryKey;size:40"`
		Owner string   `gorm:"size:80" pii:"-"`
	}
	// keyedByCode says that its key is not personal.
	keyedByCode struct {
		Email string `gorm:"primaryKey;size:40" pii:"-"`
		Owner string `gorm:"size:80" pii:"-"`
		Text  string `pii:"null"`
	}
)

func TestAPersonalPrimaryKeyIsNamed(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&keyedByMail{}, &keyedByPhone{}, &keyedByCode{}}})
		entries, err := softdelete.DataMap(db)
		require.NoError(t, err)
		require.Equal(t, []softdelete.DataMapEntry{
			{Table: "keyed_by_mails", Column: "email"},
			{Table: "keyed_by_mails", Column: "name", Strategy: "fixed"},
			{Table: "keyed_by_phones", Column: "*", Strategy: "delete"},
			{Table: "keyed_by_phones", Column: "phone"},
			{Table: "keyed_by_codes", Column: "text", Strategy: "null"},
		}, entries)

		p := &keyedByMail{
			Email: "anna@mail.test", Name: "Anna", Phones: []keyedByPhone{{Kind: 1, Phone: "+49 30 1"}, {Kind: 2, Phone: "+49 30 2"}},
			Codes: []keyedByCode{{Email: "a code"}},
		}
		require.NoError(t, db.Create(p).Error)
		plan, err := softdelete.PreviewErasure(db, p)
		require.NoError(t, err)
		certificate, err := softdelete.Erase(db, p, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Equal(t, plan.Kept, certificate.Kept)
		require.Len(t, certificate.Kept, 2)
		require.Equal(t, "keyed_by_mails email", certificate.Kept[0].Table+" "+certificate.Kept[0].Column)
		require.EqualValues(t, 1, certificate.Kept[0].Rows)
		require.Equal(t, "keyed_by_phones phone", certificate.Kept[1].Table+" "+certificate.Kept[1].Column)
		require.EqualValues(t, 2, certificate.Kept[1].Rows)
		require.Contains(t, certificate.Text(), "Note: the primary key email of table keyed_by_mails looks personal and was kept;")
		require.Contains(t, certificate.Text(), "Note: the primary key phone of table keyed_by_phones looks personal and was kept;")
		require.NoError(t, softdelete.VerifyCertificates(db))
	})
}

func TestATagThatErasesAPrimaryKeyIsRefused(t *testing.T) {
	type (
		nulled struct {
			Email string `gorm:"primaryKey" pii:"null"`
		}
		zeroed struct {
			Email string `gorm:"primaryKey" pii:"zero"`
		}
		fixed struct {
			Email string `gorm:"primaryKey" pii:"fixed:x"`
		}
		templated struct {
			Email string `gorm:"primaryKey" pii:"template:{random}"`
		}
		random struct {
			Email string `gorm:"primaryKey" pii:"random"`
		}
		coded struct {
			Email string `gorm:"primaryKey" pii:"hmac"`
		}
		cut struct {
			Email string `gorm:"primaryKey" pii:"truncate:ip"`
		}
		document struct {
			Email string `gorm:"primaryKey" pii:"json:$.a"`
		}
		masked struct {
			Email string `gorm:"primaryKey" pii:"func:f"`
		}
		kept struct {
			Email string `gorm:"primaryKey" pii:"keep;basis:law"`
		}
		composite struct {
			ID    uint   `gorm:"primaryKey"`
			Email string `gorm:"primaryKey" pii:"hmac"`
		}
	)
	for _, model := range []any{&nulled{}, &zeroed{}, &fixed{}, &templated{}, &random{}, &coded{}, &cut{}, &document{}, &masked{}, &kept{}, &composite{}} {
		err := testdb.SQLite(t).Open(t).Use(softdelete.New(softdelete.Config{Models: []any{model}}))
		require.ErrorIs(t, err, softdelete.ErrPolicy, "%T", model)
		require.ErrorContains(t, err, "Email", "%T", model)
		require.ErrorContains(t, err, "give the model a key that says nothing about the person", "%T", model)
	}
}
