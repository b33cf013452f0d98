package eventlog_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// An application's own triggers write to the table again. What the states of a row were, and in which order, is noted by a trigger
// of the test's, which is the last before each row is written.

type eventChain struct {
	_     struct{} `softdelete:"events"`
	ID    uint
	Name  string `gorm:"uniqueIndex"`
	Count int64
	Note  string
}

// rowFunction is a function of PostgreSQL for a trigger.
func rowFunction(body string) string {
	return "CREATE OR REPLACE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body + " END $$"
}

const noteStates = `CREATE OR REPLACE FUNCTION note_state() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR OLD.id <> NEW.id) THEN INSERT INTO states (row_id, state) VALUES (OLD.id, NULL); END IF;
IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
IF TG_OP = 'INSERT' OR NEW IS DISTINCT FROM OLD THEN INSERT INTO states (row_id, state) VALUES (NEW.id, row_to_json(NEW)); END IF;
RETURN NEW; END $$`

// chainStage has rows 1 to 3, of which each state is noted.
func chainStage(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := fixture.Models(t, database, []any{&eventChain{}})
	if database.Name == "postgres" {
		fixture.Exec(t, db, "CREATE TABLE states (id bigserial PRIMARY KEY, row_id bigint, state json)", noteStates,
			"CREATE TRIGGER zzzz_states BEFORE INSERT OR UPDATE OR DELETE ON event_chains FOR EACH ROW EXECUTE FUNCTION note_state()")
	} else {
		const state = "json_object('id', NEW.id, 'name', NEW.name, 'count', NEW.count, 'note', NEW.note)"
		fixture.Exec(t, db, "CREATE TABLE states (id integer PRIMARY KEY, row_id bigint, state json)",
			"CREATE TRIGGER states_updated BEFORE UPDATE ON event_chains WHEN NEW.id = OLD.id AND (NEW.name, NEW.count, NEW.note) <> (OLD.name, OLD.count, OLD.note) BEGIN INSERT INTO states (row_id, state) VALUES (NEW.id, "+state+"); END",
			"CREATE TRIGGER states_created BEFORE INSERT ON event_chains BEGIN INSERT INTO states (row_id, state) VALUES (NEW.id, "+state+"); END",
			"CREATE TRIGGER states_moved BEFORE UPDATE ON event_chains WHEN NEW.id <> OLD.id BEGIN INSERT INTO states (row_id, state) VALUES (OLD.id, NULL), (NEW.id, "+state+"); END",
			"CREATE TRIGGER states_deleted BEFORE DELETE ON event_chains BEGIN INSERT INTO states (row_id) VALUES (OLD.id); END")
	}
	return db
}

func addChains(t *testing.T, db *gorm.DB) {
	t.Helper()
	for i := range uint(3) {
		require.NoError(t, db.Create(&eventChain{ID: i + 1, Name: fmt.Sprint("row ", i+1)}).Error)
	}
}

// requireStates checks that the events give the states of each row in their order, and what the rows are now.
func requireStates(t *testing.T, db *gorm.DB) {
	t.Helper()
	var noted []struct {
		RowID uint
		State *string
	}
	require.NoError(t, db.Raw("SELECT row_id, state FROM states ORDER BY id").Scan(&noted).Error)
	states := map[uint][]string{}
	for _, n := range noted {
		text := "gone"
		if n.State != nil {
			var state map[string]any
			require.NoError(t, json.Unmarshal([]byte(*n.State), &state))
			text = fmt.Sprint(state)
		}
		states[n.RowID] = append(states[n.RowID], text)
	}
	for id, want := range states {
		var got []string
		state := map[string]any{}
		for _, event := range history(t, db, &eventChain{ID: id}) {
			if event.Type == "deleted" {
				state = map[string]any{}
				got = append(got, "gone")
				continue
			}
			require.NoError(t, json.Unmarshal(event.Data, &state))
			got = append(got, fmt.Sprint(state))
		}
		require.Equal(t, slices.Compact(want), got, "row %d: an upsert comes by a state twice", id)
	}
	var rows []eventChain
	require.NoError(t, db.Find(&rows).Error)
	for _, row := range rows {
		replayed := eventChain{ID: row.ID}
		require.NoError(t, softdelete.AsOf(db, &replayed, time.Now().Add(time.Minute)))
		require.Equal(t, row, replayed)
	}
	changed, err := softdelete.Rebuild(db, &eventChain{})
	require.NoError(t, err)
	require.Zero(t, changed)
}

// chainWrites are writes of every kind.
var chainWrites = []func(db *gorm.DB) error{
	func(db *gorm.DB) error { return db.Model(&eventChain{ID: 1}).Update("note", "one").Error },
	func(db *gorm.DB) error { return db.Model(&eventChain{}).Where("id > 0").Update("note", "all").Error },
	func(db *gorm.DB) error { return db.Create(&eventChain{ID: 4, Name: "new"}).Error },
	func(db *gorm.DB) error {
		return db.Create(&[]eventChain{{ID: 5, Name: "five"}, {ID: 6, Name: "six"}}).Error
	},
	func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, UpdateAll: true}).
			Create(&[]eventChain{{ID: 2, Name: "upserted"}, {ID: 7, Name: "seven"}}).Error
	},
	func(db *gorm.DB) error { return db.Delete(&eventChain{ID: 3}).Error },
	func(db *gorm.DB) error { return db.Create(&eventChain{ID: 3, Name: "again"}).Error },
	func(db *gorm.DB) error { return db.Model(&eventChain{}).Where("id = 4").Update("id", 8).Error },
	func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			if err := tx.Model(&eventChain{}).Where("id < 3").Update("note", "in a transaction").Error; err != nil {
				return err
			}
			return tx.Transaction(func(tx *gorm.DB) error { return tx.Where("id < 3").Delete(&eventChain{}).Error })
		})
	},
}

func TestEventsAreInTheOrderOfARowsStatesWhateverTriggersWrite(t *testing.T) {
	const touch = "UPDATE event_chains SET count = count + 1 WHERE id = NEW.id"
	cases := map[string]struct{ when, body string }{
		"the same row":                    {"AFTER INSERT OR UPDATE", "IF pg_trigger_depth() < 2 THEN " + touch + "; END IF; RETURN NULL;"},
		"the same row, again and again":   {"AFTER INSERT OR UPDATE", "IF NEW.count < 4 THEN " + touch + "; END IF; RETURN NULL;"},
		"the same row, twice":             {"AFTER INSERT OR UPDATE", "IF pg_trigger_depth() < 2 THEN " + touch + "; " + touch + "; END IF; RETURN NULL;"},
		"every row":                       {"AFTER INSERT OR UPDATE OR DELETE", "IF pg_trigger_depth() < 2 THEN UPDATE event_chains SET count = count + 1; END IF; RETURN NULL;"},
		"the neighbour":                   {"AFTER INSERT OR UPDATE", "IF pg_trigger_depth() < 3 THEN UPDATE event_chains SET count = count + 1 WHERE id = NEW.id + 1; END IF; RETURN NULL;"},
		"removes it":                      {"AFTER INSERT OR UPDATE", "DELETE FROM event_chains WHERE id = NEW.id; RETURN NULL;"},
		"brings it back":                  {"AFTER DELETE", "INSERT INTO event_chains VALUES (OLD.id, OLD.name, OLD.count + 1, 'back'); RETURN NULL;"},
		"removes it and brings it back":   {"AFTER UPDATE", "IF pg_trigger_depth() < 2 THEN DELETE FROM event_chains WHERE id = NEW.id; INSERT INTO event_chains VALUES (NEW.id, NEW.name, 9, ''); " + touch + "; END IF; RETURN NULL;"},
		"in a savepoint":                  {"AFTER INSERT OR UPDATE", "IF pg_trigger_depth() < 2 THEN BEGIN " + touch + "; EXCEPTION WHEN division_by_zero THEN NULL; END; END IF; RETURN NULL;"},
		"undone in a savepoint":           {"AFTER INSERT OR UPDATE", "IF pg_trigger_depth() < 2 THEN BEGIN " + touch + "; PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END; " + touch + "; END IF; RETURN NULL;"},
		"before, the row of the key":      {"BEFORE INSERT", "DELETE FROM event_chains WHERE id = NEW.id; RETURN NEW;"},
		"before, the row itself and back": {"BEFORE INSERT", "IF pg_trigger_depth() < 2 THEN DELETE FROM event_chains WHERE id = NEW.id; INSERT INTO event_chains VALUES (NEW.id, 'x', 0, ''); DELETE FROM event_chains WHERE id = NEW.id; END IF; RETURN NEW;"},
		"before, other rows":              {"BEFORE INSERT OR UPDATE", "IF pg_trigger_depth() < 2 AND NEW.id < 2 THEN UPDATE event_chains SET count = count + 1 WHERE id > 4; END IF; RETURN NEW;"},
	}
	db := chainStage(t, testdb.Postgres(t))
	for name, c := range cases {
		for _, trigger := range []string{"aaa", "zzz"} {
			t.Run(name+", by a trigger named "+trigger, func(t *testing.T) {
				fixture.Exec(t, db, "DELETE FROM event_chains", "DELETE FROM event_chains_events", "DELETE FROM states")
				addChains(t, db)
				fixture.Exec(t, db, rowFunction(c.body), "CREATE TRIGGER "+trigger+" "+c.when+" ON event_chains FOR EACH ROW EXECUTE FUNCTION again()")
				defer fixture.Exec(t, db, "DROP TRIGGER "+trigger+" ON event_chains")
				for i, write := range chainWrites {
					if err := write(db); err != nil {
						require.Regexp(t, "already modified by an operation|duplicate key|second time", err, "write %d", i)
					}
					requireStates(t, db)
				}
			})
		}
	}
}

func TestEventsAreInTheOrderOfARowsStatesWhenTheLogsTriggersWereMadeLast(t *testing.T) {
	const touch = "UPDATE event_chains SET count = count + 1 WHERE id = NEW.id"
	cases := map[string][]string{
		"the same row":                  {"AFTER UPDATE", "WHEN NEW.count = OLD.count", touch + ";"},
		"a new row":                     {"AFTER INSERT", "", touch + ";"},
		"the same row, again and again": {"AFTER UPDATE", "WHEN NEW.count < 4", touch + ";"},
		"the same row, twice":           {"AFTER UPDATE", "WHEN NEW.count = OLD.count", touch + "; " + touch + ";"},
		"every row":                     {"AFTER UPDATE", "WHEN NEW.count = OLD.count", "UPDATE event_chains SET count = count + 1;"},
		"removes it":                    {"AFTER UPDATE", "", "DELETE FROM event_chains WHERE id = NEW.id;"},
		"brings it back":                {"AFTER DELETE", "", "INSERT INTO event_chains VALUES (OLD.id, OLD.name, OLD.count + 1, 'back');"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			db := fixture.OneConnection(t, chainStage(t, testdb.SQLite(t)))
			addChains(t, db)
			create := "CREATE TRIGGER again " + c[0] + " ON event_chains " + c[1] + " BEGIN " + c[2] + " END"
			fixture.Exec(t, db, create)
			err := db.Model(&eventChain{ID: 1}).Update("note", "one").Error
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "the trigger again of table event_chains writes to it")
			require.NoError(t, db.AutoMigrate(&eventChain{}))
			planned, err := softdelete.DDL(db, &eventChain{})
			require.NoError(t, err)
			require.Empty(t, planned)
			fixture.Exec(t, db, "PRAGMA recursive_triggers = ON")
			for i, write := range chainWrites {
				if err := write(db); err != nil {
					require.ErrorContains(t, err, "UNIQUE constraint failed", "write %d", i)
				}
				requireStates(t, db)
			}
		})
	}
}

// slashed has a backslash, a quote and a blank in its names, and a column of bytes, which events write behind a backslash.
type slashed struct {
	_      struct{} `softdelete:"events"`
	ID     uint
	Name   string `gorm:"column:a\\b'c d;size:20"`
	Secret string `gorm:"size:20" pii:"fixed:-"`
	Data   []byte
	Gone   gorm.DeletedAt
}

func (slashed) TableName() string { return `sub\x y'z` }

func TestALogIsMadeOnceWhateverLettersItsNamesHave(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&slashed{}}})
		statements, err := softdelete.DDL(db)
		require.NoError(t, err)
		require.Empty(t, statements, "nothing is left to do")
		require.NoError(t, db.Create(&slashed{ID: 1, Name: "a", Secret: `b\`, Data: []byte{0, '\\'}}).Error)
		_, err = softdelete.Erase(db, &slashed{ID: 1}, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
		events, err := softdelete.History(db, &slashed{ID: 1})
		require.NoError(t, err)
		require.Equal(t, []string{"created", "erased", "deleted"}, kinds(events))
	})
}
