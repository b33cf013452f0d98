package purge_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	askNumbered struct {
		ID        uint
		Tenant    uint32
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;tenant:Tenant"`
	}
	askForever struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
)

func TestATenantIsReadAsItsColumnKeepsIt(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, same := range []any{7, int64(7), uint32(7), "7"} {
			s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&askNumbered{}}})
			s.Add(&askNumbered{ID: 1, Tenant: 7}, &askNumbered{ID: 2, Tenant: 8})
			s.DeleteAgo(40*fixture.Day, &askNumbered{}, "1 = 1")
			require.EqualValues(t, 1, s.Purge(softdelete.PurgeOptions{Tenant: same}).Models[0].Done, "%T", same)
			require.Equal(t, []uint{2}, s.IDs(&askNumbered{}))
			require.NoError(t, s.Migrator().DropTable(&askNumbered{}))
		}
	})
}

func TestAPurgeSaysThatItWasAskedForNothing(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&askNumbered{}, &askForever{}}})
		s.Add(&askNumbered{ID: 1, Tenant: 7}, &askForever{ID: 1})
		s.DeleteAgo(40*fixture.Day, &askNumbered{ID: 1})
		for fact, c := range map[string]struct {
			options softdelete.PurgeOptions
			is      error
			text    string
		}{
			"a tenant of another type": {softdelete.PurgeOptions{Tenant: "the Ann Corp"}, gorm.ErrInvalidValue, "Tenant is of the type string, but askNumbered.Tenant is uint32"},
			"a struct as a tenant":     {softdelete.PurgeOptions{Tenant: struct{}{}}, gorm.ErrInvalidValue, "askNumbered.Tenant"},
			"a model without one":      {softdelete.PurgeOptions{Models: []any{&askForever{}}}, softdelete.ErrUnsupported, "askForever cannot be purged: it has no retention"},
		} {
			for _, dry := range []bool{true, false} {
				c.options.DryRun = dry
				_, err := softdelete.Purge(s.DB, c.options)
				require.ErrorIs(t, err, c.is, fact)
				require.ErrorContains(t, err, c.text, fact)
				require.NotContains(t, err.Error(), "Ann", fact)
			}
		}
		require.Equal(t, []uint{1}, s.IDs(&askNumbered{}))
	})
}

// askFiled is archived, with a retention only where the tenant has one.
type askFiled struct {
	_      struct{} `softdelete:"archive;tenant:Tenant"`
	ID     uint
	Tenant uint32
}

func TestAPurgeOfATenantThatNothingIsDueForSaysWhy(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		kept := func(_ context.Context, model string, tenant any) (softdelete.Retention, bool) {
			return softdelete.Retention{Keep: "0"}, tenant == uint32(9)
		}
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&askNumbered{}, &askFiled{}}, TenantRetention: kept})
		s.Add(&askNumbered{ID: 1, Tenant: 7}, &askNumbered{ID: 2, Tenant: 8}, &askNumbered{ID: 3, Tenant: 9})
		s.Add(&askFiled{ID: 1, Tenant: 7}, &askFiled{ID: 2, Tenant: 8}, &askFiled{ID: 3, Tenant: 9})
		for _, model := range []any{&askNumbered{}, &askFiled{}} {
			s.DeleteAgo(40*fixture.Day, model, "id IN (1, 3)")
		}
		reasons := func(tenant int, dry bool) (numbered, filed softdelete.ModelPurge) {
			report := s.Purge(softdelete.PurgeOptions{Models: []any{&askNumbered{}, &askFiled{}}, Tenant: tenant, DryRun: dry})
			for _, m := range report.Models {
				for _, reason := range m.Reasons {
					require.Contains(t, report.String(), reason)
					text, err := json.Marshal(report)
					require.NoError(t, err)
					require.Contains(t, string(text), reason)
				}
			}
			return fixture.ReportOf(t, report, "ask_numbereds"), fixture.ReportOf(t, report, "ask_fileds_archive")
		}
		for _, dry := range []bool{true, false} {
			numbered, filed := reasons(1000, dry)
			require.Zero(t, numbered.Eligible)
			require.Equal(t, []string{"tenant unknown"}, numbered.Reasons)
			require.Equal(t, []string{"tenant unknown"}, filed.Reasons)

			numbered, filed = reasons(9, dry)
			require.Equal(t, []string{"no retention"}, filed.Reasons)
			require.Equal(t, []string{"no retention"}, numbered.Reasons)

			numbered, filed = reasons(8, dry)
			require.Empty(t, numbered.Reasons, "all of its rows are live")
			require.Empty(t, filed.Reasons)

			numbered, filed = reasons(7, dry)
			require.EqualValues(t, 1, numbered.Eligible)
			require.Empty(t, numbered.Reasons)
			require.Equal(t, []string{"no retention"}, filed.Reasons)
		}
		numbered, _ := reasons(7, false)
		require.Equal(t, []string{"tenant unknown"}, numbered.Reasons, "its last row was purged")
	})
}
