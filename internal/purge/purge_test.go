package purge_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestPurgeRemovesWhatIsOver(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.Notes())
		for id := range uint(25) {
			s.Add(&fixture.Note{ID: id + 1})
		}
		s.DeleteAgo(40*fixture.Day, &[]fixture.Note{{ID: 3}, {ID: 7}, {ID: 8}, {ID: 20}, {ID: 25}})
		s.DeleteAgo(20*fixture.Day, &[]fixture.Note{{ID: 4}, {ID: 5}})
		var told []softdelete.PurgeProgress
		report := s.Purge(softdelete.PurgeOptions{Batch: 2, Progress: func(p softdelete.PurgeProgress) { told = append(told, p) }})
		require.Equal(t, []softdelete.ModelPurge{
			{Model: "Note", Table: "notes", Action: "purge", Eligible: 5, Done: 5, ReferencedBy: map[string]int64{}},
		}, report.Models)
		require.Len(t, s.IDs(&fixture.Note{}), 20)
		require.Equal(t, []softdelete.PurgeProgress{
			{Model: "Note", Table: "notes", Done: 2, Eligible: 5},
			{Model: "Note", Table: "notes", Done: 4, Eligible: 5},
			{Model: "Note", Table: "notes", Done: 5, Eligible: 5},
		}, told)
		require.Contains(t, report.String(), "notes")

		again := s.Purge(softdelete.PurgeOptions{})
		require.Zero(t, again.Models[0].Eligible)
		require.Len(t, s.IDs(&fixture.Note{}), 20)
	})
}

func TestPurgeTakesATreeAsAWhole(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.Tree())
		for org := range uint(3) {
			s.AddTree(org + 1)
		}
		s.DeleteAgo(40*fixture.Day, &fixture.Org{ID: 1})
		s.DeleteAgo(40*fixture.Day, &fixture.User{ID: 20})
		s.DeleteAgo(40*fixture.Day, &fixture.Post{ID: 300})
		report := s.Purge(softdelete.PurgeOptions{Batch: 1})
		require.EqualValues(t, 1, fixture.ReportOf(t, report, "orgs").Done)
		require.EqualValues(t, 3, fixture.ReportOf(t, report, "users").Done)
		require.EqualValues(t, 7, fixture.ReportOf(t, report, "posts").Done)
		require.Equal(t, []uint{2, 3}, s.IDs(&fixture.Org{}))
		require.Equal(t, []uint{21, 30, 31}, s.IDs(&fixture.User{}))
		require.Equal(t, []uint{210, 211, 301, 310, 311}, s.IDs(&fixture.Post{}))
	})
}

func TestPurgeLeavesRowsThatAreReferredTo(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.Tree())
		s.AddTree(1)
		s.AddTree(2)
		s.Add(&fixture.Payment{ID: 1, UserID: 10}, &fixture.Payment{ID: 2, UserID: 10})
		require.NoError(t, s.Exec("CREATE TABLE outsiders (id integer PRIMARY KEY, post "+fixture.KeyType(s.DB)+", FOREIGN KEY (post) REFERENCES posts (id) ON DELETE CASCADE)").Error)
		require.NoError(t, s.Exec("INSERT INTO outsiders VALUES (1, 110)").Error)
		s.DeleteAgo(40*fixture.Day, &fixture.Org{ID: 1})
		s.DeleteAgo(40*fixture.Day, &fixture.Org{ID: 2})
		report := s.Purge(softdelete.PurgeOptions{})
		orgs, users, posts := fixture.ReportOf(t, report, "orgs"), fixture.ReportOf(t, report, "users"), fixture.ReportOf(t, report, "posts")
		require.Equal(t, map[string]int64{"users": 2}, orgs.ReferencedBy)
		require.Equal(t, map[string]int64{"payments": 2, "posts": 1}, users.ReferencedBy)
		require.Equal(t, map[string]int64{"outsiders": 1}, posts.ReferencedBy, "a table that no model knows, with ON DELETE CASCADE")
		require.EqualValues(t, 1, orgs.Referenced)
		require.EqualValues(t, 2, users.Referenced)
		require.EqualValues(t, 1, posts.Referenced)
		require.Equal(t, []uint{1}, s.IDs(&fixture.Org{}))
		require.Equal(t, []uint{10, 11}, s.IDs(&fixture.User{}))
		require.Equal(t, []uint{110}, s.IDs(&fixture.Post{}), "the posts that nothing refers to are gone")
		var outsiders int64
		require.NoError(t, s.Table("outsiders").Count(&outsiders).Error)
		require.EqualValues(t, 1, outsiders)

		require.NoError(t, s.Exec("DELETE FROM outsiders").Error)
		require.NoError(t, s.Exec("DELETE FROM payments").Error)
		s.Purge(softdelete.PurgeOptions{})
		require.Empty(t, s.IDs(&fixture.Org{}))
		require.Empty(t, s.IDs(&fixture.Post{}))
	})
}

func TestPurgeSeesReferencesThatWouldBecomeNull(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.Notes())
		require.NoError(t, s.Exec("CREATE TABLE readers (id integer PRIMARY KEY, note "+fixture.KeyType(s.DB)+", FOREIGN KEY (note) REFERENCES notes (id) ON DELETE SET NULL)").Error)
		s.Add(&fixture.Note{ID: 1}, &fixture.Note{ID: 2})
		require.NoError(t, s.Exec("INSERT INTO readers VALUES (1, 1)").Error)
		s.DeleteAgo(40*fixture.Day, &[]fixture.Note{{ID: 1}, {ID: 2}})
		report := s.Purge(softdelete.PurgeOptions{})
		require.Equal(t, map[string]int64{"readers": 1}, report.Models[0].ReferencedBy)
		require.Equal(t, []uint{1}, s.IDs(&fixture.Note{}))
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
			s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retFolder{}}})
			s.Add(&retFolder{ID: 1})
			for id := uint(2); id <= 30; id++ {
				s.Add(&retFolder{ID: id, ParentID: pointer(id - 1)})
			}
			s.Add(&retFolder{ID: 31}, &retFolder{ID: 32, ParentID: pointer(31)}, &retFolder{ID: 40, ParentID: pointer(15)})
			require.NoError(t, s.Exec("UPDATE ret_folders SET parent_id = 32 WHERE id = 31").Error)
			require.NoError(t, s.Exec("UPDATE ret_folders SET parent_id = 1 WHERE id = 1").Error)
			s.DeleteAgo(40*fixture.Day, &retFolder{}, "id <= 32")
			report := s.Purge(softdelete.PurgeOptions{Batch: 4})
			require.EqualValues(t, 15, report.Models[0].Referenced, "a live folder stands under the fifteenth")
			require.EqualValues(t, 17, report.Models[0].Done)
			require.Len(t, s.IDs(&retFolder{}), 16)
		})
		t.Run("in two", func(t *testing.T) {
			s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retTeam{}, &retMember{}}})
			require.NoError(t, s.Exec("DROP TABLE ret_teams").Error)
			require.NoError(t, s.Exec("DROP TABLE ret_members").Error)
			at := "deleted_at timestamp with time zone"
			if database.Name == "mysql" {
				at = "deleted_at datetime(3)"
			}
			if database.Name == "sqlite" {
				require.NoError(t, s.Exec("CREATE TABLE ret_teams (id integer PRIMARY KEY, leader_id integer REFERENCES ret_members (id), deleted_at datetime)").Error)
				require.NoError(t, s.Exec("CREATE TABLE ret_members (id integer PRIMARY KEY, team_id integer REFERENCES ret_teams (id), deleted_at datetime)").Error)
			} else {
				require.NoError(t, s.Exec("CREATE TABLE ret_teams (id bigint PRIMARY KEY, leader_id bigint, "+at+")").Error)
				require.NoError(t, s.Exec("CREATE TABLE ret_members (id bigint PRIMARY KEY, team_id bigint, "+at+", FOREIGN KEY (team_id) REFERENCES ret_teams (id) ON DELETE RESTRICT)").Error)
				require.NoError(t, s.Exec("ALTER TABLE ret_teams ADD FOREIGN KEY (leader_id) REFERENCES ret_members (id)").Error)
			}
			for team := range uint(3) {
				s.Add(&retTeam{ID: team + 1}, &retMember{ID: team + 1, TeamID: team + 1}, &retMember{ID: team + 11, TeamID: team + 1})
				require.NoError(t, s.Model(&retTeam{ID: team + 1}).Update("leader_id", team+1).Error)
			}
			s.DeleteAgo(40*fixture.Day, &[]retTeam{{ID: 1}, {ID: 2}})
			s.DeleteAgo(40*fixture.Day, &[]retMember{{ID: 1}, {ID: 11}, {ID: 2}})
			report := s.Purge(softdelete.PurgeOptions{})
			require.Equal(t, []uint{2, 3}, s.IDs(&retTeam{}))
			require.Equal(t, []uint{2, 3, 12, 13}, s.IDs(&retMember{}), "a live member keeps the second team, and that its leader")
			require.Equal(t, map[string]int64{"ret_members": 2}, fixture.ReportOf(t, report, "ret_teams").ReferencedBy)
			require.Equal(t, map[string]int64{"ret_teams": 1}, fixture.ReportOf(t, report, "ret_members").ReferencedBy)
		})
	})
}

func TestPurgeStopsAndGoesOn(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		twenty := func(t *testing.T) *fixture.Stage {
			s := fixture.NewStage(t, database, fixture.Notes())
			require.NoError(t, s.Exec("DELETE FROM notes").Error)
			notes := make([]fixture.Note, 20)
			s.Add(&notes)
			s.DeleteAgo(40*fixture.Day, &fixture.Note{}, "1 = 1")
			return s
		}
		t.Run("at MaxRows", func(t *testing.T) {
			s := twenty(t)
			report := s.Purge(softdelete.PurgeOptions{Batch: 3, MaxRows: 7})
			require.EqualValues(t, 20, report.Models[0].Eligible)
			require.EqualValues(t, 7, report.Models[0].Done)
			require.Len(t, s.IDs(&fixture.Note{}), 13)
		})
		t.Run("when its context ends between batches", func(t *testing.T) {
			s := twenty(t)
			ctx, cancel := context.WithCancel(t.Context())
			report, err := softdelete.Purge(s.WithContext(ctx), softdelete.PurgeOptions{
				Batch: 3, Pause: time.Hour, Progress: func(softdelete.PurgeProgress) { cancel() },
			})
			require.ErrorIs(t, err, context.Canceled)
			require.EqualValues(t, 3, report.Models[0].Done)
			require.Len(t, s.IDs(&fixture.Note{}), 17)
			s.Purge(softdelete.PurgeOptions{})
			require.Empty(t, s.IDs(&fixture.Note{}))
		})
		t.Run("at any statement that fails", func(t *testing.T) {
			broken := errors.New("broken")
			s := twenty(t)
			faults := testdb.Inject(s.DB)
			for n := 1; len(s.IDs(&fixture.Note{})) > 0; n++ {
				require.Less(t, n, 200)
				before := len(s.IDs(&fixture.Note{}))
				faults.FailAt(n, broken)
				report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: 2, MaxRows: 4})
				faults.Reset()
				testdb.NothingLeft(t, s.DB)
				if err != nil {
					require.ErrorIs(t, err, broken)
				}
				var done int64
				if len(report.Models) > 0 {
					done = report.Models[0].Done
				}
				require.EqualValues(t, before-len(s.IDs(&fixture.Note{})), done, "statement %d", n)
			}
		})
		t.Run("a pause is kept", func(t *testing.T) {
			s := twenty(t)
			start := time.Now()
			_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: 10, Pause: 50 * time.Millisecond})
			require.NoError(t, err)
			require.GreaterOrEqual(t, time.Since(start), 50*time.Millisecond)
		})
	})
}

func TestPurgeOfATenant(t *testing.T) {
	fill := func(t *testing.T, s *fixture.Stage) {
		for id := range uint(9) {
			s.Add(&fixture.Note{ID: id + 1, Region: []string{"eu", "us", "ap"}[id%3]})
		}
		s.DeleteAgo(40*fixture.Day, &fixture.Note{}, "id <= 6")
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("only its rows, in every statement", func(t *testing.T) {
			s := fixture.NewStage(t, database, fixture.Notes())
			fill(t, s)
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
			require.Equal(t, []uint{2, 3, 5, 6, 7, 8, 9}, s.IDs(&fixture.Note{}))
		})
		t.Run("a model without a tenant is refused", func(t *testing.T) {
			s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retDays{}, &fixture.Note{}}})
			_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Tenant: "eu"})
			require.ErrorIs(t, err, softdelete.ErrPolicy)
			require.ErrorContains(t, err, "retDays has no tenant:Field")
		})
	})
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("a retention of its own", func(t *testing.T) {
			var asked []any
			s := fixture.NewStage(t, database, softdelete.Config{
				Models: []any{&fixture.Note{}},
				TenantRetention: func(_ context.Context, model string, tenant any) (softdelete.Retention, bool) {
					asked = append(asked, tenant)
					switch {
					case model != "Note":
						return softdelete.Retention{}, false
					case tenant == "eu":
						return softdelete.Retention{Keep: "50d"}, true
					case tenant == "us":
						return softdelete.Retention{Keep: "10d", Then: "keep"}, true
					}
					return softdelete.Retention{}, false
				},
			})
			fill(t, s)
			report := s.Purge(softdelete.PurgeOptions{})
			require.ElementsMatch(t, []any{"eu", "us", "ap", "eu", "us", "ap"}, asked, "once per tenant and purge")
			done := map[string]int64{}
			for _, m := range report.Models {
				done[m.Action] += m.Done
				if m.Action == "keep" {
					require.EqualValues(t, 2, m.Eligible)
				}
			}
			require.Equal(t, map[string]int64{"purge": 2, "keep": 0}, done)
			require.Equal(t, []uint{1, 2, 4, 5, 7, 8, 9}, s.IDs(&fixture.Note{}))
		})
	})
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, wrong := range []softdelete.Retention{{Keep: "3w"}, {Keep: "-1d"}, {Keep: "1d", Then: "burn"}} {
			s := fixture.NewStage(t, database, softdelete.Config{
				Models:          []any{&fixture.Note{}},
				TenantRetention: func(context.Context, string, any) (softdelete.Retention, bool) { return wrong, true },
			})
			fill(t, s)
			_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
			require.ErrorIs(t, err, softdelete.ErrPolicy)
			require.Len(t, s.IDs(&fixture.Note{}), 9)
			require.NoError(t, s.Exec("DELETE FROM notes").Error)
		}
	})
}

func TestPurgeRefuses(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		_, err := softdelete.Purge(database.Open(t), softdelete.PurgeOptions{})
		require.ErrorIs(t, err, softdelete.ErrNotRegistered)

		s := fixture.NewStage(t, database, fixture.Tree())
		_, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{Models: []any{&fixture.Payment{}}})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		_, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: -1})
		require.ErrorIs(t, err, gorm.ErrInvalidValue)
	})
}
