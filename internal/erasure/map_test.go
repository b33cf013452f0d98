package erasure_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	mapCustomer struct {
		ID              uint
		Name            string
		FirstName       string
		Email           string `pii:"null"`
		EmailVerified   bool
		EmailVerifiedAt *time.Time
		PhoneNumber     string
		DateOfBirth     time.Time
		BirthDate       time.Time
		BillingAddress  string
		City            string `pii:"-"`
		ZipCode         string
		IBAN            string `pii:"keep;basis:tax law"`
		LastIP          string
		APIToken        string
		PasswordHash    string
		Locale          string
		Currency        string
		Notes           string
		AddressID       uint
		LoginCount      int
		Balance         float64
		Latitude        float64
		CreatedAt       time.Time
		UpdatedAt       time.Time
		DeletedAt       gorm.DeletedAt
	}
	mapProduct struct {
		ID          uint
		Name        string
		Title       string
		SKU         string
		Description string
		Price       int
		Zip         []byte
		Shipping    string
		Ship        string
		Status      string
		FileName    string
		HostName    string
		Recipe      string
		Capacity    int
		Publicity   string
	}
	mapSession struct {
		_     struct{} `pii:"delete"`
		ID    uint
		Token string
	}
)

func TestDataMap(t *testing.T) {
	db := testdb.SQLite(t).Open(t)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{
		Models:  []any{&mapCustomer{}, &mapProduct{}, &mapSession{}, &gdprUser{}, &gdprLogin{}},
		Maskers: gdprConfig().Maskers,
	})))
	entries, err := softdelete.DataMap(db)
	require.NoError(t, err)
	tagged, suspicious := map[string]string{}, map[string][]string{}
	for _, e := range entries {
		if e.Strategy == "" {
			suspicious[e.Table] = append(suspicious[e.Table], e.Column)
		} else {
			tagged[e.Table+"."+e.Column] = e.Strategy + " " + e.Basis
		}
	}
	require.Equal(t, []string{
		"name", "first_name", "phone_number", "date_of_birth", "birth_date", "billing_address", "zip_code", "last_ip", "api_token", "latitude",
	}, suspicious["map_customers"], "a hash, a flag, a key, a count and free text are not on the list")
	require.Equal(t, []string{"zip"}, suspicious["map_products"], "the one false alarm here")
	require.Empty(t, suspicious["gdpr_users"])
	require.Equal(t, "null ", tagged["map_customers.email"])
	require.Equal(t, "keep tax law", tagged["map_customers.iban"])
	require.NotContains(t, tagged, "map_customers.city")
	require.Equal(t, "delete ", tagged["map_sessions.*"])
	require.Equal(t, "truncate:year ", tagged["gdpr_users.born"])
	require.Equal(t, "func:initial ", tagged["gdpr_users.nick"])
	require.Equal(t, "subject:gdprUser ", tagged["gdpr_logins.account"])
}
