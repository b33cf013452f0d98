package kills_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
)

// This room is for legal holds: rows under one are there after every kill, unchanged, wherever a call was.

// killHeld has the rows that a kind of hold covers: conditions on the tables as they were before the call, in which the keys of
// the held rows stand for %s.
var killHeld = []struct {
	model   func(id uint) any
	table   string            // of the row that is held
	choose  string            // the rows that a hold may be placed on, beside those of a call
	covered map[string]string // by tables
}{
	{
		model: func(id uint) any { return &killPerson{ID: id} }, table: "kill_people",
		choose: "SELECT id FROM kill_people WHERE id < 6 ORDER BY id",
		covered: map[string]string{
			"kill_people": "id IN (%s)", "kill_notes": "person_id IN (%s)", "kill_bills": "person_id IN (%s)",
			"kill_bill_lines": "bill_id IN (SELECT id FROM kept_kill_bills WHERE person_id IN (%[1]s) " +
				"UNION ALL SELECT id FROM kept_kill_bills_archive WHERE person_id IN (%[1]s))",
		},
	},
	{
		model: func(id uint) any { return &killBill{ID: id} }, table: "kill_bills",
		choose:  "SELECT id FROM kill_bills_archive UNION ALL SELECT id FROM kill_bills WHERE NOT EXISTS (SELECT 1 FROM kill_bills_archive) ORDER BY id",
		covered: map[string]string{"kill_bills": "id IN (%s)", "kill_bill_lines": "bill_id IN (%s)"},
	},
	{
		model: func(id uint) any { return &killLease{ID: id} }, table: "kill_leases",
		choose:  "SELECT id FROM kill_leases ORDER BY deleted_at IS NULL, id LIMIT 2",
		covered: map[string]string{"kill_leases": "id IN (%s)"},
	},
}

// killValues are the columns of a row that no deletion and no restore writes.
var killValues = map[string]string{
	"kill_people": "id, name, email", "kill_notes": "id, person_id, text", "kill_bills": "id, person_id, number, payer",
	"kill_bill_lines": "id, bill_id, cents", "kill_leases": "id",
}

// killArchived are the tables whose deleted rows are in archives.
var killArchived = []string{"kill_bills", "kill_bill_lines"}

// places puts holds on rows: on the one that an order is about, or that this one belongs to, and on others by chance.
func (s *killStage) places(order killOrder, random *rand.Rand) (holds []softdelete.HoldID) {
	for _, held := range killHeld {
		var ids []uint
		require.NoError(s, s.plain.Raw(held.choose).Scan(&ids).Error)
		if len(ids) == 0 {
			continue
		}
		id := ids[random.IntN(len(ids))]
		if order.ID > 0 && strings.HasSuffix(order.Do, killRow[held.table]) {
			id = order.ID
		}
		hold, err := softdelete.Hold(s.db, held.model(id), softdelete.HoldOptions{Matter: "kill"})
		require.NoError(s, err, "%s %d", held.table, id)
		holds = append(holds, hold)
	}
	return holds
}

// killRow is what the steps call a row of a table.
var killRow = map[string]string{"kill_people": "a person", "kill_bills": "a bill", "kill_leases": "a lease"}

func (s *killStage) releases(holds []softdelete.HoldID) {
	for _, hold := range holds {
		require.NoError(s, softdelete.Release(s.db, hold))
	}
}

// requireHeldRows checks that the rows under holds are as they were before the call.
func (s *killStage) requireHeldRows(at string) {
	for _, held := range killHeld {
		keys := fmt.Sprintf(`SELECT CAST("key" AS integer) FROM kept_softdelete_holds WHERE "table" = '%s' AND released_at IS NULL`, held.table)
		for _, table := range slices.Sorted(maps.Keys(held.covered)) {
			condition := fmt.Sprintf(strings.ReplaceAll(held.covered[table], "(%s)", "(%[1]s)"), keys)
			was, is := "kept_"+table, table
			rows := func(table, where string) string {
				return fmt.Sprintf("SELECT %s FROM %s%s", killValues[is], table, where)
			}
			before, now := rows(was, " WHERE "+condition), rows(is, "")
			if slices.Contains(killArchived, table) {
				before += " UNION ALL " + rows(was+"_archive", " WHERE "+condition)
				now += " UNION ALL " + rows(is+"_archive", "")
			}
			var lost []map[string]any
			require.NoError(s, s.plain.Raw("SELECT * FROM ("+before+") AS was EXCEPT SELECT * FROM ("+now+") AS now").Scan(&lost).Error)
			require.Empty(s, lost, "rows of %s under holds of %s are gone or changed: %s", table, held.table, at)
		}
	}
}
