package erasure_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	growingPerson struct {
		ID    uint
		Name  string        `pii:"null"`
		Calls []growingCall `gorm:"foreignKey:PersonID"`
	}
	growingCall struct {
		_        struct{} `softdelete:"events"`
		ID       uint
		PersonID uint   `gorm:"index"`
		Number   string `pii:"null"`
	}
)

// growingReads notes how many entries of the log and of its indexes the transaction has read before and after each UPDATE of the log.
const growingReads = `CREATE FUNCTION note_reads() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO log_reads SELECT TG_WHEN = 'AFTER', pg_stat_get_xact_tuples_returned(TG_RELID) +
		(SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index WHERE indrelid = TG_RELID);
	RETURN NULL; END $$`

func TestAnErasureThatMasksEventsReadsNoneOfEarlierErasures(t *testing.T) {
	testdb.EachOf(t, testdb.CountersInside, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&growingPerson{}, &growingCall{}}})
		const events = "growing_calls_events (row_key, version, type, content, data, actor, reason, at)"
		const rows, earlier, more = 600, 4_000, 20_000 // of two parts
		fixture.Exec(t, db, "CREATE TABLE log_reads (after boolean, entries bigint)", growingReads)
		for _, when := range []string{"BEFORE", "AFTER"} {
			fixture.Exec(t, db, "CREATE TRIGGER reads_"+when+" "+when+" UPDATE ON growing_calls_events FOR EACH STATEMENT EXECUTE FUNCTION note_reads()")
		}
		read := func(person, first int) (entries int64) {
			fixture.Exec(
				t, db, fmt.Sprintf("INSERT INTO growing_people (id, name) VALUES (%d, 'Ann')", person),
				fixture.Series("growing_calls (id, person_id, number)", rows, fmt.Sprintf("%d + i, %d, '+49 ' || i", first, person)),
				fixture.Series(events, rows, fmt.Sprintf(`CAST(%d + i AS text), 1, 'created', 'row',
					json_build_object('id', %[1]d + i, 'person_id', %d, 'number', '+49 ' || i), '', '', now()`, first, person)),
				"DELETE FROM log_reads",
			)
			c, err := softdelete.Erase(db, &growingPerson{ID: uint(person)}, softdelete.ErasureRequest{})
			require.NoError(t, err)
			require.True(t, c.Verified)
			require.Equal(t, 2, fixture.Rows(t, db, "log_reads", "after"), "the events are masked in two parts")
			require.NoError(t, db.Raw("SELECT sum(CASE WHEN after THEN entries ELSE -entries END) FROM log_reads").Scan(&entries).Error)
			return entries
		}
		erased := func(first, number int) {
			fixture.Exec(t, db, fixture.Series(events, number, fmt.Sprintf(`'before ' || (%d + i), 1, 'erased', 'row', '{}', '', '', now()`, first)))
		}
		// What the statistics say of the log is from before any erasure, as in one that is worked off in many batches.
		fixture.Exec(t, db, "ALTER TABLE growing_calls_events SET (autovacuum_enabled = false)",
			fixture.Series(events, 120_000, "'other ' || i, 1, 'created', 'row', '{}', '', '', now()"), "ANALYZE growing_calls_events")
		erased(0, earlier)
		few := read(1, 1_000_000)
		erased(earlier, more)
		many := read(2, 2_000_000)
		for _, entries := range []int64{few, many} { // each of the person's events is found by its key, in itself and as the last one
			require.Positive(t, entries)
			require.Less(t, entries, int64(10*rows), "read beside %d and beside %d events of earlier erasures: %d, %d", earlier, earlier+more, few, many)
		}
	})
}
