package softdelete_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

func TestPurgeRemovesWhatIsOver(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newRetStage(t, database, softdelete.Config{Models: []any{&retNote{}}})
		for id := range uint(25) {
			s.create(&retNote{ID: id + 1})
		}
		s.deleteAgo(40*retDay, &[]retNote{{ID: 3}, {ID: 7}, {ID: 8}, {ID: 20}, {ID: 25}})
		s.deleteAgo(20*retDay, &[]retNote{{ID: 4}, {ID: 5}})
		var told []softdelete.PurgeProgress
		report := s.purge(softdelete.PurgeOptions{Batch: 2, Progress: func(p softdelete.PurgeProgress) { told = append(told, p) }})
		require.Equal(t, []softdelete.ModelPurge{
			{Model: "retNote", Table: "ret_notes", Action: "purge", Eligible: 5, Done: 5, ReferencedBy: map[string]int64{}},
		}, report.Models)
		require.Len(t, s.ids(&retNote{}), 20)
		require.Equal(t, []softdelete.PurgeProgress{
			{Model: "retNote", Table: "ret_notes", Done: 2, Eligible: 5},
			{Model: "retNote", Table: "ret_notes", Done: 4, Eligible: 5},
			{Model: "retNote", Table: "ret_notes", Done: 5, Eligible: 5},
		}, told)
		require.Contains(t, report.String(), "ret_notes")

		again := s.purge(softdelete.PurgeOptions{})
		require.Zero(t, again.Models[0].Eligible)
		require.Len(t, s.ids(&retNote{}), 20)
	})
}

func TestPurgeTakesATreeAsAWhole(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newRetStage(t, database, retTree())
		for org := range uint(3) {
			s.tree(org + 1)
		}
		s.deleteAgo(40*retDay, &retOrg{ID: 1})
		s.deleteAgo(40*retDay, &retUser{ID: 20})
		s.deleteAgo(40*retDay, &retPost{ID: 300})
		report := s.purge(softdelete.PurgeOptions{Batch: 1})
		require.EqualValues(t, 1, retReport(t, report, "ret_orgs").Done)
		require.EqualValues(t, 3, retReport(t, report, "ret_users").Done)
		require.EqualValues(t, 7, retReport(t, report, "ret_posts").Done)
		require.Equal(t, []uint{2, 3}, s.ids(&retOrg{}))
		require.Equal(t, []uint{21, 30, 31}, s.ids(&retUser{}))
		require.Equal(t, []uint{210, 211, 301, 310, 311}, s.ids(&retPost{}))
	})
}

func TestPurgeLeavesRowsThatAreReferredTo(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newRetStage(t, database, retTree())
		s.tree(1)
		s.tree(2)
		s.create(&retPayment{ID: 1, UserID: 10}, &retPayment{ID: 2, UserID: 10})
		require.NoError(t, s.Exec("CREATE TABLE outsiders (id integer PRIMARY KEY, post integer REFERENCES ret_posts (id) ON DELETE CASCADE)").Error)
		require.NoError(t, s.Exec("INSERT INTO outsiders VALUES (1, 110)").Error)
		s.deleteAgo(40*retDay, &retOrg{ID: 1})
		s.deleteAgo(40*retDay, &retOrg{ID: 2})
		report := s.purge(softdelete.PurgeOptions{})
		orgs, users, posts := retReport(t, report, "ret_orgs"), retReport(t, report, "ret_users"), retReport(t, report, "ret_posts")
		require.Equal(t, map[string]int64{"ret_users": 2}, orgs.ReferencedBy)
		require.Equal(t, map[string]int64{"ret_payments": 2, "ret_posts": 1}, users.ReferencedBy)
		require.Equal(t, map[string]int64{"outsiders": 1}, posts.ReferencedBy, "a table that no model knows, with ON DELETE CASCADE")
		require.EqualValues(t, 1, orgs.Referenced)
		require.EqualValues(t, 2, users.Referenced)
		require.EqualValues(t, 1, posts.Referenced)
		require.Equal(t, []uint{1}, s.ids(&retOrg{}))
		require.Equal(t, []uint{10, 11}, s.ids(&retUser{}))
		require.Equal(t, []uint{110}, s.ids(&retPost{}), "the posts that nothing refers to are gone")
		var outsiders int64
		require.NoError(t, s.Table("outsiders").Count(&outsiders).Error)
		require.EqualValues(t, 1, outsiders)

		require.NoError(t, s.Exec("DELETE FROM outsiders").Error)
		require.NoError(t, s.Exec("DELETE FROM ret_payments").Error)
		s.purge(softdelete.PurgeOptions{})
		require.Empty(t, s.ids(&retOrg{}))
		require.Empty(t, s.ids(&retPost{}))
	})
}

func TestPurgeSeesReferencesThatWouldBecomeNull(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newRetStage(t, database, softdelete.Config{Models: []any{&retNote{}}})
		require.NoError(t, s.Exec("CREATE TABLE readers (id integer PRIMARY KEY, note integer REFERENCES ret_notes (id) ON DELETE SET NULL)").Error)
		s.create(&retNote{ID: 1}, &retNote{ID: 2})
		require.NoError(t, s.Exec("INSERT INTO readers VALUES (1, 1)").Error)
		s.deleteAgo(40*retDay, &[]retNote{{ID: 1}, {ID: 2}})
		report := s.purge(softdelete.PurgeOptions{})
		require.Equal(t, map[string]int64{"readers": 1}, report.Models[0].ReferencedBy)
		require.Equal(t, []uint{1}, s.ids(&retNote{}))
	})
}

type (
	retFolder struct {
		ID        uint
		ParentID  *uint
		Parent    *retFolder
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
	}
	retTeam struct {
		ID        uint
		LeaderID  *uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
	}
	retMember struct {
		ID        uint
		TeamID    uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
	}
)

func TestPurgeRemovesRowsThatReferToEachOther(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		pointer := func(id uint) *uint { return &id }
		t.Run("in one table", func(t *testing.T) {
			s := newRetStage(t, database, softdelete.Config{Models: []any{&retFolder{}}})
			s.create(&retFolder{ID: 1})
			for id := uint(2); id <= 30; id++ {
				s.create(&retFolder{ID: id, ParentID: pointer(id - 1)})
			}
			s.create(&retFolder{ID: 31}, &retFolder{ID: 32, ParentID: pointer(31)}, &retFolder{ID: 40, ParentID: pointer(15)})
			require.NoError(t, s.Exec("UPDATE ret_folders SET parent_id = 32 WHERE id = 31").Error)
			require.NoError(t, s.Exec("UPDATE ret_folders SET parent_id = 1 WHERE id = 1").Error)
			*s.now = retNow.Add(-40 * retDay)
			require.NoError(t, s.Where("id <= 32").Delete(&retFolder{}).Error)
			*s.now = retNow
			report := s.purge(softdelete.PurgeOptions{Batch: 4})
			require.EqualValues(t, 15, report.Models[0].Referenced, "a live folder stands under the fifteenth")
			require.EqualValues(t, 17, report.Models[0].Done)
			require.Len(t, s.ids(&retFolder{}), 16)
		})
		t.Run("in two", func(t *testing.T) {
			s := newRetStage(t, database, softdelete.Config{Models: []any{&retTeam{}, &retMember{}}})
			require.NoError(t, s.Exec("DROP TABLE ret_teams").Error)
			require.NoError(t, s.Exec("DROP TABLE ret_members").Error)
			const at = "deleted_at timestamp with time zone"
			deferred := ""
			if database.Name == "sqlite" {
				require.NoError(t, s.Exec("CREATE TABLE ret_teams (id integer PRIMARY KEY, leader_id integer REFERENCES ret_members (id), deleted_at datetime)").Error)
				require.NoError(t, s.Exec("CREATE TABLE ret_members (id integer PRIMARY KEY, team_id integer REFERENCES ret_teams (id), deleted_at datetime)").Error)
			} else {
				require.NoError(t, s.Exec("CREATE TABLE ret_teams (id bigint PRIMARY KEY, leader_id bigint, "+at+")").Error)
				require.NoError(t, s.Exec("CREATE TABLE ret_members (id bigint PRIMARY KEY, team_id bigint REFERENCES ret_teams (id) ON DELETE RESTRICT, "+at+")").Error)
				require.NoError(t, s.Exec("ALTER TABLE ret_teams ADD FOREIGN KEY (leader_id) REFERENCES ret_members (id)"+deferred).Error)
			}
			for team := range uint(3) {
				s.create(&retTeam{ID: team + 1}, &retMember{ID: team + 1, TeamID: team + 1}, &retMember{ID: team + 11, TeamID: team + 1})
				require.NoError(t, s.Model(&retTeam{ID: team + 1}).Update("leader_id", team+1).Error)
			}
			s.deleteAgo(40*retDay, &[]retTeam{{ID: 1}, {ID: 2}})
			s.deleteAgo(40*retDay, &[]retMember{{ID: 1}, {ID: 11}, {ID: 2}})
			report := s.purge(softdelete.PurgeOptions{})
			require.Equal(t, []uint{2, 3}, s.ids(&retTeam{}))
			require.Equal(t, []uint{2, 3, 12, 13}, s.ids(&retMember{}), "a live member keeps the second team, and that its leader")
			require.Equal(t, map[string]int64{"ret_members": 2}, retReport(t, report, "ret_teams").ReferencedBy)
			require.Equal(t, map[string]int64{"ret_teams": 1}, retReport(t, report, "ret_members").ReferencedBy)
		})
	})
}

func TestPurgeStopsAndGoesOn(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fixture := func(t *testing.T) *retStage {
			s := newRetStage(t, database, softdelete.Config{Models: []any{&retNote{}}})
			require.NoError(t, s.Exec("DELETE FROM ret_notes").Error)
			notes := make([]retNote, 20)
			s.create(&notes)
			*s.now = retNow.Add(-40 * retDay)
			require.NoError(t, s.Where("1 = 1").Delete(&retNote{}).Error)
			*s.now = retNow
			return s
		}
		t.Run("at MaxRows", func(t *testing.T) {
			s := fixture(t)
			report := s.purge(softdelete.PurgeOptions{Batch: 3, MaxRows: 7})
			require.EqualValues(t, 20, report.Models[0].Eligible)
			require.EqualValues(t, 7, report.Models[0].Done)
			require.Len(t, s.ids(&retNote{}), 13)
		})
		t.Run("when its context ends between batches", func(t *testing.T) {
			s := fixture(t)
			ctx, cancel := context.WithCancel(t.Context())
			report, err := softdelete.Purge(s.WithContext(ctx), softdelete.PurgeOptions{
				Batch: 3, Pause: time.Hour, Progress: func(softdelete.PurgeProgress) { cancel() },
			})
			require.ErrorIs(t, err, context.Canceled)
			require.EqualValues(t, 3, report.Models[0].Done)
			require.Len(t, s.ids(&retNote{}), 17)
			s.purge(softdelete.PurgeOptions{})
			require.Empty(t, s.ids(&retNote{}))
		})
		t.Run("at any statement that fails", func(t *testing.T) {
			broken := errors.New("broken")
			s := fixture(t)
			faults := testdb.Inject(s.DB)
			for n := 1; len(s.ids(&retNote{})) > 0; n++ {
				require.Less(t, n, 200)
				before := len(s.ids(&retNote{}))
				faults.FailAt(n, broken)
				report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: 2, MaxRows: 4})
				faults.Reset()
				if err != nil {
					require.ErrorIs(t, err, broken)
				}
				var done int64
				if len(report.Models) > 0 {
					done = report.Models[0].Done
				}
				require.EqualValues(t, before-len(s.ids(&retNote{})), done, "statement %d", n)
			}
		})
		t.Run("a pause is kept", func(t *testing.T) {
			s := fixture(t)
			start := time.Now()
			_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: 10, Pause: 50 * time.Millisecond})
			require.NoError(t, err)
			require.GreaterOrEqual(t, time.Since(start), 50*time.Millisecond)
		})
	})
}

func TestPurgeOfATenant(t *testing.T) {
	fixture := func(t *testing.T, s *retStage) {
		for id := range uint(9) {
			s.create(&retNote{ID: id + 1, Region: []string{"eu", "us", "ap"}[id%3]})
		}
		*s.now = retNow.Add(-40 * retDay)
		require.NoError(t, s.Where("id <= 6").Delete(&retNote{}).Error)
		*s.now = retNow
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("only its rows, in every statement", func(t *testing.T) {
			s := newRetStage(t, database, softdelete.Config{Models: []any{&retNote{}}})
			fixture(t, s)
			recorder := testdb.Record(s.DB)
			report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Tenant: "eu"})
			require.NoError(t, err)
			require.EqualValues(t, 2, report.Models[0].Done)
			require.EqualValues(t, 2, report.Models[0].Eligible)
			for _, statement := range recorder.All() {
				if m := statement.SQL; len(m) > 6 && (m[:6] == "DELETE" || m[:4] == "WITH") {
					require.Contains(t, m, "region")
					require.Contains(t, statement.Args, "eu")
				}
			}
			require.Equal(t, []uint{2, 3, 5, 6, 7, 8, 9}, s.ids(&retNote{}))
		})
		t.Run("a model without a tenant is refused", func(t *testing.T) {
			s := newRetStage(t, database, softdelete.Config{Models: []any{&retDays{}, &retNote{}}})
			_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Tenant: "eu"})
			require.ErrorIs(t, err, softdelete.ErrPolicy)
			require.ErrorContains(t, err, "retDays has no tenant:Field")
		})
	})
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("a retention of its own", func(t *testing.T) {
			var asked []any
			s := newRetStage(t, database, softdelete.Config{
				Models: []any{&retNote{}},
				TenantRetention: func(_ context.Context, model string, tenant any) (softdelete.Retention, bool) {
					asked = append(asked, tenant)
					switch {
					case model != "retNote":
						return softdelete.Retention{}, false
					case tenant == "eu":
						return softdelete.Retention{Keep: "50d"}, true
					case tenant == "us":
						return softdelete.Retention{Keep: "10d", Then: "keep"}, true
					}
					return softdelete.Retention{}, false
				},
			})
			fixture(t, s)
			report := s.purge(softdelete.PurgeOptions{})
			require.ElementsMatch(t, []any{"eu", "us", "ap", "eu", "us", "ap"}, asked, "once per tenant and purge")
			done := map[string]int64{}
			for _, m := range report.Models {
				done[m.Action] += m.Done
				if m.Action == "keep" {
					require.EqualValues(t, 2, m.Eligible)
				}
			}
			require.Equal(t, map[string]int64{"purge": 2, "keep": 0}, done)
			require.Equal(t, []uint{1, 2, 4, 5, 7, 8, 9}, s.ids(&retNote{}))
		})
	})
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, wrong := range []softdelete.Retention{{Keep: "3w"}, {Keep: "-1d"}, {Keep: "1d", Then: "burn"}} {
			s := newRetStage(t, database, softdelete.Config{
				Models:          []any{&retNote{}},
				TenantRetention: func(context.Context, string, any) (softdelete.Retention, bool) { return wrong, true },
			})
			fixture(t, s)
			_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
			require.ErrorIs(t, err, softdelete.ErrPolicy)
			require.Len(t, s.ids(&retNote{}), 9)
			require.NoError(t, s.Exec("DELETE FROM ret_notes").Error)
		}
	})
}

func TestPurgeRefuses(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		_, err := softdelete.Purge(database.Open(t), softdelete.PurgeOptions{})
		require.ErrorIs(t, err, softdelete.ErrNotRegistered)

		s := newRetStage(t, database, retTree())
		_, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{Models: []any{&retPayment{}}})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		_, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: -1})
		require.ErrorIs(t, err, gorm.ErrInvalidValue)
	})
}
