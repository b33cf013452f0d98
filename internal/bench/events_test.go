package bench_test

import (
	"fmt"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	// benchLogged and benchUnlogged differ in the log alone.
	benchLogged struct {
		_       struct{} `softdelete:"hard;events"`
		ID      uint
		Owner   string `gorm:"index"`
		Balance int64
		Note    string
	}
	benchUnlogged struct {
		_       struct{} `softdelete:"hard"`
		ID      uint
		Owner   string `gorm:"index"`
		Balance int64
		Note    string
	}
	// benchByHand has triggers that an author writes by hand for these columns, and that write the same events.
	benchByHand struct {
		_       struct{} `softdelete:"hard"`
		ID      uint
		Owner   string `gorm:"index"`
		Balance int64
		Note    string
	}
)

// triggersByHand are for the columns of benchByHand alone, and know neither an actor nor other writers of a row.
var triggersByHand = map[string][]string{
	"sqlite": {
		`CREATE TRIGGER by_hand_created AFTER INSERT ON bench_by_hands BEGIN ` + rowByHand("NEW", "'created', 'row'") + `; END`,
		`CREATE TRIGGER by_hand_deleted AFTER DELETE ON bench_by_hands BEGIN ` + rowByHand("OLD", "'deleted', 'removed'") + `; END`,
		`CREATE TRIGGER by_hand_updated AFTER UPDATE ON bench_by_hands BEGIN ` + eventByHand("NEW", `'updated', 'change', '{' || substr(`+
			changedByHand("NEW", "OLD", "IS NOT", "json_quote(NEW.%[1]s)")+`, 2) || '}'`) + `; END`,
	},
	"postgres": {
		`CREATE FUNCTION by_hand() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF TG_OP = 'INSERT' THEN ` + rowByHand("r", "'created', 'row'") + ` FROM new_rows AS r;
			ELSIF TG_OP = 'DELETE' THEN ` + rowByHand("r", "'deleted', 'removed'") + ` FROM old_rows AS r;
			ELSE ` + eventByHand("r", `'updated', 'change', CAST('{' || substr(`+changedByHand("r", "o", "IS DISTINCT FROM", "CAST(to_json(r.%[1]s) AS text)")+
			`, 2) || '}' AS json)`) + ` FROM new_rows AS r JOIN old_rows AS o ON o.id = r.id;
			END IF; RETURN NULL; END $$`,
		`CREATE TRIGGER by_hand_created AFTER INSERT ON bench_by_hands REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION by_hand()`,
		`CREATE TRIGGER by_hand_deleted AFTER DELETE ON bench_by_hands REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION by_hand()`,
		`CREATE TRIGGER by_hand_updated AFTER UPDATE ON bench_by_hands REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION by_hand()`,
	},
}

// eventByHand inserts an event of the row with the alias: what are its type, content and data.
func eventByHand(alias, what string) string {
	key := "CAST(" + alias + ".id AS text)"
	return "INSERT INTO by_hand_events (row_key, version, type, content, data, actor, reason, at) SELECT " + key +
		", coalesce((SELECT max(e.version) FROM by_hand_events AS e WHERE e.row_key = " + key + "), 0) + 1, " + what + ", '', '', CURRENT_TIMESTAMP"
}

func rowByHand(alias, what string) string {
	object := "json_object"
	if alias == "r" {
		object = "json_build_object"
	}
	return eventByHand(alias, fmt.Sprintf("%s, %s('id', %[3]s.id, 'owner', %[3]s.owner, 'balance', %[3]s.balance, 'note', %[3]s.note)", what, object, alias))
}

func changedByHand(after, before, differs, value string) string {
	var parts []string
	for _, c := range []string{"id", "owner", "balance", "note"} {
		parts = append(parts, fmt.Sprintf(`CASE WHEN %[2]s.%[1]s %[4]s %[3]s.%[1]s THEN ',"%[1]s":' || %[5]s ELSE '' END`, c, after, before, differs, fmt.Sprintf(value, c)))
	}
	return strings.Join(parts, " || ")
}

// BenchmarkEvents times a create, an update and a deletion of one row and of 1,000 rows with an event log beside the same
// without, and with triggers written by hand. Run it with
//
//	go test -run '^$' -bench BenchmarkEvents -benchtime 21x ./internal/bench
func BenchmarkEvents(b *testing.B) {
	benchDatabases(b, func(b *testing.B, database *testdb.Database) {
		a := newArena(b, database, &benchLogged{}, &benchUnlogged{}, &benchByHand{})
		kind := map[string]string{"sqlite": "integer PRIMARY KEY AUTOINCREMENT", "postgres": "bigserial PRIMARY KEY"}[a.name]
		a.exec(b, "CREATE TABLE by_hand_events (id "+kind+", row_key text NOT NULL, version bigint NOT NULL, type text NOT NULL, content text NOT NULL, data json NOT NULL, "+
			"actor text NOT NULL, reason text NOT NULL, at timestamp NOT NULL)", "CREATE UNIQUE INDEX by_hand_versions ON by_hand_events (row_key, version)")
		a.exec(b, triggersByHand[a.name]...)
		for _, rows := range []int{1, 1000} {
			empty := func() {
				a.exec(b, "DELETE FROM bench_loggeds", "DELETE FROM bench_unloggeds", "DELETE FROM bench_by_hands", "DELETE FROM bench_loggeds_events", "DELETE FROM by_hand_events")
			}
			fill := func() {
				empty()
				for _, table := range []string{"bench_loggeds", "bench_unloggeds", "bench_by_hands"} {
					a.fill(b, table+" (id, owner, balance, note)", rows, "i, 'an owner', 0, 'a note of some words'")
				}
			}
			nothing := func() {}
			rounds := max(1, 20/rows)
			b.Run(fmt.Sprint("create/", rows), func(b *testing.B) {
				logged, unlogged, byHand := make([]benchLogged, rows), make([]benchUnlogged, rows), make([]benchByHand, rows)
				a.compare(b, rounds, func() {
					empty()
					for i := range rows {
						logged[i] = benchLogged{Owner: "an owner", Note: "a note of some words"}
						unlogged[i] = benchUnlogged{Owner: "an owner", Note: "a note of some words"}
						byHand[i] = benchByHand{Owner: "an owner", Note: "a note of some words"}
					}
				}, nothing, func() error { return a.db.Create(&logged).Error },
					variant{"without", func() error { return a.db.Create(&unlogged).Error }},
					variant{"triggers by hand", func() error { return a.db.Create(&byHand).Error }})
			})
			b.Run(fmt.Sprint("update/", rows), func(b *testing.B) {
				update := func(model any) func() error {
					return func() error {
						return a.db.Model(model).Where("id > 0").UpdateColumn("balance", gorm.Expr("balance + 1")).Error
					}
				}
				a.compare(b, rounds, fill, nothing, update(&benchLogged{}), variant{"without", update(&benchUnlogged{})},
					variant{"triggers by hand", update(&benchByHand{})})
			})
			b.Run(fmt.Sprint("delete/", rows), func(b *testing.B) {
				remove := func(model any) func() error {
					return func() error { return a.db.Where("id > 0").Delete(model).Error }
				}
				a.compare(b, rounds, fill, nothing, remove(&benchLogged{}), variant{"without", remove(&benchUnlogged{})},
					variant{"triggers by hand", remove(&benchByHand{})})
			})
		}
	})
}
