package purge_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// failDeletes makes the database refuse to remove rows of a table that fulfil a condition.
func failDeletes(t *testing.T, s *fixture.Stage, table, condition string) {
	t.Helper()
	if s.Name() == "sqlite" {
		require.NoError(t, s.Exec(fmt.Sprintf(
			"CREATE TRIGGER fail_%s BEFORE DELETE ON %s WHEN OLD.%s BEGIN SELECT RAISE(ABORT, 'the value Ann stays'); END", table, table, condition)).Error)
		return
	}
	if s.Name() == "mysql" {
		fixture.Exec(t, s.DB, fmt.Sprintf(`CREATE TRIGGER fail_%s BEFORE DELETE ON %s FOR EACH ROW BEGIN
			IF OLD.%s THEN SIGNAL SQLSTATE '42501' SET MESSAGE_TEXT = 'the value Ann stays'; END IF; END`, table, table, condition))
		return
	}
	require.NoError(t, s.Exec(fmt.Sprintf(`CREATE FUNCTION fail_%s() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF OLD.%s THEN RAISE EXCEPTION 'the value Ann stays' USING ERRCODE = '42501'; END IF; RETURN OLD; END $$`, table, condition)).Error)
	require.NoError(t, s.Exec(fmt.Sprintf("CREATE TRIGGER fail_%s BEFORE DELETE ON %s FOR EACH ROW EXECUTE FUNCTION fail_%s()", table, table, table)).Error)
}

func TestATreeThatCannotGoIsLeftAndTheOthersGo(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, batch := range []int{0, 1, 7} {
			s := fixture.NewStage(t, database, fixture.Tree())
			for org := uint(1); org <= 9; org++ {
				s.AddTree(org)
			}
			s.DeleteAgo(40*fixture.Day, &fixture.Org{}, "1 = 1")
			failDeletes(t, s, "posts", "user_id IN (30, 71)")
			report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: batch})
			require.Error(t, err)
			require.ErrorContains(t, err, "purge of Org: the row with key 3 in table orgs, with 6 under it, stays")
			require.ErrorContains(t, err, "key 7")
			for table, rows := range map[string][2]int64{"orgs": {7, 2}, "users": {14, 4}, "posts": {28, 8}} {
				m := fixture.ReportOf(t, report, table)
				require.Equal(t, rows, [2]int64{m.Done, m.Failed}, table)
				require.Equal(t, m.Eligible, m.Done+m.Failed, table)
				require.Len(t, m.Reasons, 1)
				require.NotContains(t, m.Reasons[0], "Ann")
				if s.Name() == "postgres" {
					require.Equal(t, "SQLSTATE 42501", m.Reasons[0])
				}
			}
			require.Equal(t, []uint{3, 7}, s.IDs(&fixture.Org{}))
			require.Equal(t, []uint{30, 31, 70, 71}, s.IDs(&fixture.User{}))
			require.Len(t, s.IDs(&fixture.Post{}), 8, "a tree stays as a whole")
			require.Contains(t, report.String(), "FAILED")
			for _, model := range []any{&fixture.Post{}, &fixture.User{}, &fixture.Org{}} {
				require.NoError(t, s.Migrator().DropTable(model))
			}
			if s.Name() == "postgres" {
				require.NoError(t, s.Exec("DROP FUNCTION fail_posts()").Error)
			}
		}
	})
}

func TestRowsThatStandAloneAndFailAreLeft(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.Notes())
		notes := make([]fixture.Note, 300)
		for i := range notes {
			notes[i] = fixture.Note{ID: uint(i + 1), Region: "eu"}
		}
		s.Add(&notes)
		s.DeleteAgo(40*fixture.Day, &fixture.Note{}, "1 = 1")
		failDeletes(t, s, "notes", "id IN (5, 150, 151)")
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: 50})
		require.Error(t, err)
		m := report.Models[0]
		require.Equal(t, [3]int64{300, 297, 3}, [3]int64{m.Eligible, m.Done, m.Failed})
		require.Equal(t, []uint{5, 150, 151}, s.IDs(&fixture.Note{}))
	})
}

func TestAModelThatFailsDoesNotKeepTheOthers(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		config := fixture.Tree()
		config.Models = append([]any{&fixture.Note{}}, config.Models...)
		s := fixture.NewStage(t, database, config)
		s.AddTree(1)
		s.DeleteAgo(40*fixture.Day, &fixture.Org{ID: 1})
		require.NoError(t, s.Migrator().DropTable(&fixture.Note{}))
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.ErrorContains(t, err, "notes of Note")
		require.Equal(t, []string{"no table"}, fixture.ReportOf(t, report, "notes").Reasons)
		require.EqualValues(t, 1, fixture.ReportOf(t, report, "orgs").Done)
		require.Empty(t, s.IDs(&fixture.Post{}))
	})
}

// keenStore takes no batch with the row that has key 2.
type keenStore struct{ softdelete.ColdStore }

func (s keenStore) Put(ctx context.Context, b softdelete.ColdBatch) error {
	for _, row := range b.Rows {
		if fmt.Sprint(row["id"]) == "2" {
			return errors.New("full")
		}
	}
	return s.ColdStore.Put(ctx, b)
}

func TestRowsThatTheColdStoreDoesNotTakeAreLeft(t *testing.T) {
	type failPaper struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:cold"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, _ := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&failPaper{}}, ColdStore: keenStore{store}})
		s.Add(&[]failPaper{{ID: 1}, {ID: 2}, {ID: 3}, {ID: 4}})
		s.DeleteAgo(40*fixture.Day, &failPaper{}, "1 = 1")
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.ErrorContains(t, err, "the cold store did not take 1 row")
		require.Equal(t, []uint{2}, s.IDs(&failPaper{}))
		require.EqualValues(t, 1, report.Models[0].Failed)
		require.Equal(t, []string{"cold store"}, report.Models[0].Reasons)
		require.EqualValues(t, 3, report.Models[0].Done)
	})
}

// What refers to a row is hidden from the purging role by row-level security; the database's own check sees it.
func TestAForeignKeyHiddenByRowLevelSecurityKeepsItsTreeOnly(t *testing.T) {
	testdb.EachOf(t, testdb.RowPolicies, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.Tree())
		s.AddTree(1)
		s.AddTree(2)
		require.NoError(t, s.Exec("CREATE TABLE hidden (org_id bigint CONSTRAINT hidden_org REFERENCES orgs (id))").Error)
		require.NoError(t, s.Exec("INSERT INTO hidden VALUES (1)").Error)
		require.NoError(t, s.Exec("ALTER TABLE hidden ENABLE ROW LEVEL SECURITY").Error)
		role := fixture.Role(t, s.DB, "ALL")
		s.DeleteAgo(40*fixture.Day, &fixture.Org{}, "1 = 1")
		var report softdelete.PurgeReport
		var err error
		fixture.As(t, s.DB, role, func(db *gorm.DB) { report, err = softdelete.Purge(db, softdelete.PurgeOptions{}) })
		require.ErrorContains(t, err, "hidden_org")
		require.Equal(t, []string{"foreign key hidden_org"}, fixture.ReportOf(t, report, "orgs").Reasons)
		require.Equal(t, []uint{1}, s.IDs(&fixture.Org{}))
	})
}

func TestWhatAForeignKeyWouldDoToHiddenRowsKeepsItsTreeOnly(t *testing.T) {
	for _, action := range []string{"CASCADE", "SET NULL", "SET DEFAULT"} {
		testdb.EachOf(t, testdb.RowPolicies, func(t *testing.T, database *testdb.Database) {
			s := fixture.NewStage(t, database, fixture.Tree())
			for org := range uint(4) {
				s.AddTree(org + 1)
			}
			fixture.Exec(
				t, s.DB, "CREATE TABLE hidden (org_id bigint CONSTRAINT hidden_org REFERENCES orgs (id) ON DELETE "+action+", tenant int)",
				"INSERT INTO hidden VALUES (1, 2), (3, 1)", "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY", "CREATE POLICY own ON hidden USING (tenant = 1)",
			)
			s.DeleteAgo(40*fixture.Day, &fixture.Org{}, "1 = 1")
			role := fixture.Role(t, s.DB, "ALL")
			var report softdelete.PurgeReport
			var err error
			fixture.As(t, s.DB, role, func(db *gorm.DB) { report, err = softdelete.Purge(db, softdelete.PurgeOptions{}) })
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "hides rows of the table hidden from this role")
			orgs := fixture.ReportOf(t, report, "orgs")
			require.Equal(t, []string{"rows hidden by row-level security, foreign key hidden_org"}, orgs.Reasons)
			require.EqualValues(t, 1, orgs.Failed)
			require.Equal(t, map[string]int64{"hidden": 1}, orgs.ReferencedBy, "what shows keeps its tree as ever")
			require.Equal(t, []uint{1, 3}, s.IDs(&fixture.Org{}), action)
			require.Equal(t, 1, fixture.Rows(t, s.DB, "hidden", "org_id = 1"))
		})
	}
}
