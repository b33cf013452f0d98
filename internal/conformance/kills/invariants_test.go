package kills_test

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// killNever counts, by plain SQL, what there must never be, whenever a process or a session has ended. Tables with kept_ before
// their names are as they were before the operation.
var killNever = map[string]string{
	"a person who is lost": `SELECT count(*) FROM kept_kill_people AS k WHERE k.id NOT IN (SELECT id FROM kill_people)`,
	"a note that is lost":  `SELECT count(*) FROM kept_kill_notes AS k WHERE k.id NOT IN (SELECT id FROM kill_notes)`,
	"a live lease that is lost": `SELECT count(*) FROM kept_kill_leases AS k
		WHERE k.deleted_at IS NULL AND k.id NOT IN (SELECT id FROM kill_leases)`,
	"a bill in its table and in its archive": `SELECT count(*) FROM kill_bills JOIN kill_bills_archive ON kill_bills_archive.id = kill_bills.id`,
	"a line in its table and in its archive": `SELECT count(*) FROM kill_bill_lines JOIN kill_bill_lines_archive
		ON kill_bill_lines_archive.id = kill_bill_lines.id`,
	"a mark of no deletion": `SELECT count(*) FROM (SELECT deletion_id FROM kill_people WHERE deleted_at IS NOT NULL
		UNION ALL SELECT deletion_id FROM kill_notes WHERE status = 'removed'
		UNION ALL SELECT deletion_id FROM kill_bills_archive UNION ALL SELECT deletion_id FROM kill_bill_lines_archive) AS marks
		WHERE deletion_id IS NULL OR deletion_id NOT IN (SELECT id FROM softdelete_deletions)`,
	"a mark of a live row": `SELECT count(*) FROM (SELECT deletion_id FROM kill_people WHERE deleted_at IS NULL
		UNION ALL SELECT deletion_id FROM kill_notes WHERE status <> 'removed') AS marks WHERE deletion_id <> ''`,
	"a lease that no deletion took": `SELECT count(*) FROM kill_leases
		WHERE deleted_at IS NOT NULL AND deleted_at NOT IN (SELECT deleted_at FROM softdelete_deletions)`,
	"a note that is not as its person's deletion left it": `SELECT count(*) FROM kill_notes JOIN kill_people ON kill_people.id = person_id
		WHERE coalesce(kill_notes.deletion_id, '') <> coalesce(kill_people.deletion_id, '')`,
	"a bill under a deleted person": `SELECT count(*) FROM kill_bills JOIN kill_people ON kill_people.id = person_id WHERE deleted_at IS NOT NULL`,
	"a line under an archived bill": `SELECT count(*) FROM kill_bill_lines JOIN kill_bills_archive ON kill_bills_archive.id = bill_id`,
	"a line that is not as its bill's deletion left it": `SELECT count(*) FROM kill_bill_lines_archive AS l JOIN kill_bills_archive AS b
		ON b.id = l.bill_id WHERE l.deletion_id <> b.deletion_id`,
	"an archived line under a live bill": `SELECT count(*) FROM kill_bill_lines_archive JOIN kill_bills ON kill_bills.id = bill_id`,
	"a gap in the versions": `SELECT count(*) FROM (SELECT row_key FROM kill_people_events GROUP BY row_key
		HAVING max(version) <> count(*) OR min(version) <> 1) AS gaps`,
	"a certificate without masked rows": `SELECT count(*) FROM softdelete_certificates AS c JOIN kill_people AS p
		ON substr(c.request_id, 9) = CAST(p.id AS char(20))
		WHERE p.name <> '[erased]' OR p.email NOT LIKE 'gone-%' OR p.deleted_at IS NULL
		OR EXISTS (SELECT 1 FROM kill_notes AS n WHERE n.person_id = p.id AND n.text <> '-')
		OR EXISTS (SELECT 1 FROM kill_bills AS b WHERE b.person_id = p.id AND b.payer <> '-')
		OR EXISTS (SELECT 1 FROM kill_bills_archive AS b WHERE b.person_id = p.id AND b.payer <> '-')`,
	"a certificate without masked events": `SELECT count(*) FROM softdelete_certificates AS c JOIN kill_people_events AS e
		ON substr(c.request_id, 9) = e.row_key WHERE CAST(e.data AS char(9999)) LIKE '%canary%'`,
}

// requireInvariants checks what holds after every kill. The texts say where the kill was.
func (s *killStage) requireInvariants(at string) {
	testdb.NothingLeft(s, s.plain)
	for what, query := range killNever {
		var n int
		require.NoError(s, s.plain.Raw(query).Scan(&n).Error, what)
		require.Zero(s, n, "%s: %s", what, at)
	}
	s.requireHeldRows(at)
	cold := s.cold()
	s.requireBillsSomewhere("kill_bills", cold, at)
	s.requireBillsSomewhere("kill_bill_lines", cold, at)
	var certified []string
	require.NoError(s, s.plain.Table("softdelete_certificates").Pluck("request_id", &certified).Error)
	for _, bill := range cold["kill_bills"] {
		for _, request := range certified {
			if request == fmt.Sprint("request-", bill["person_id"]) {
				require.Equal(s, "-", bill["payer"], "cold row of a certified erasure: %s", at)
			}
		}
	}
	require.NoError(s, softdelete.VerifyCertificates(s.db), at)
	differed, err := softdelete.Rebuild(s.db, &killPerson{})
	require.NoError(s, err, at)
	require.Zero(s, differed, "rows that are not what their events say: %s", at)
}

// requireBillsSomewhere checks that every row which was in a table or its archive is there, or in cold storage.
func (s *killStage) requireBillsSomewhere(table string, cold map[string][]map[string]any, at string) {
	somewhere := map[string]bool{}
	for _, row := range cold[table] {
		somewhere[fmt.Sprint(row["id"])] = true
	}
	keys := func(query string) (keys []string) {
		require.NoError(s, s.plain.Raw(query).Scan(&keys).Error)
		return keys
	}
	const both = "SELECT id FROM %[1]s%[2]s UNION ALL SELECT id FROM %[1]s%[2]s_archive"
	for _, key := range keys(fmt.Sprintf(both, "", table)) {
		somewhere[key] = true
	}
	for _, key := range keys(fmt.Sprintf(both, "kept_", table)) {
		require.True(s, somewhere[key], "%s %s is lost: %s\n%s", table, key, at, s.rows())
	}
}
