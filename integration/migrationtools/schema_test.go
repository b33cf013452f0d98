package migrationtools_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// fresh makes an empty database of a kind.
func fresh(t *testing.T, name string) *testdb.Database {
	t.Helper()
	makes := map[string]func(testing.TB) *testdb.Database{"sqlite": testdb.SQLite, "postgres": testdb.Postgres, "mysql": testdb.MySQL}
	require.Contains(t, makes, name)
	return makes[name](t)
}

// catalogues are the queries that tell all that a database's catalogue says of a schema, a line each.
var catalogues = map[string][]string{
	"sqlite": {
		`SELECT type || ' ' || tbl_name || ' ' || sql FROM sqlite_schema WHERE sql IS NOT NULL`,
		`SELECT 'sequence ' || name || ' ' || seq FROM sqlite_sequence`,
	},
	"postgres": {
		`SELECT concat_ws(' ', 'column', table_name, column_name, ordinal_position, data_type, is_nullable, column_default, character_maximum_length,
			is_identity, is_generated) FROM information_schema.columns WHERE table_schema = current_schema()`,
		`SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = current_schema()`,
		`SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = current_schema()::regnamespace`,
		`SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
			WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal`,
		`SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace`,
		`SELECT 'sequence ' || sequencename FROM pg_sequences WHERE schemaname = current_schema()`,
	},
	"mysql": {
		`SELECT CONCAT_WS(' ', 'table', table_name, engine, table_collation, table_comment) FROM information_schema.tables WHERE table_schema = DATABASE()`,
		`SELECT CONCAT_WS(' ', 'column', table_name, column_name, ordinal_position, column_type, is_nullable, column_default, collation_name, extra,
			generation_expression, column_comment) FROM information_schema.columns WHERE table_schema = DATABASE()`,
		`SELECT CONCAT_WS(' ', 'index', table_name, index_name, seq_in_index, column_name, sub_part, non_unique, index_type)
			FROM information_schema.statistics WHERE table_schema = DATABASE()`,
		`SELECT CONCAT_WS(' ', 'constraint', table_name, constraint_name, constraint_type) FROM information_schema.table_constraints
			WHERE table_schema = DATABASE()`,
		`SELECT CONCAT_WS(' ', 'reference', c.table_name, c.constraint_name, c.referenced_table_name, c.update_rule, c.delete_rule, k.column_name,
			k.referenced_column_name) FROM information_schema.referential_constraints c JOIN information_schema.key_column_usage k
			ON k.constraint_schema = c.constraint_schema AND k.constraint_name = c.constraint_name AND k.table_name = c.table_name
			WHERE c.constraint_schema = DATABASE()`,
		`SELECT CONCAT_WS(' ', 'check', constraint_name, check_clause) FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()`,
		`SELECT CONCAT_WS(' ', 'trigger', event_object_table, trigger_name, action_timing, event_manipulation, action_statement)
			FROM information_schema.triggers WHERE trigger_schema = DATABASE()`,
		`SELECT CONCAT_WS(' ', 'routine', routine_type, routine_name, routine_definition) FROM information_schema.routines WHERE routine_schema = DATABASE()`,
	},
}

// schemaOf tells all that the catalogue says of a schema, but for the tables of the tools.
func schemaOf(t *testing.T, db *gorm.DB) (lines []string) {
	t.Helper()
	require.Contains(t, catalogues, db.Name())
	for _, query := range catalogues[db.Name()] {
		if strings.Contains(query, "sqlite_sequence") && !db.Migrator().HasTable("sqlite_sequence") {
			continue
		}
		var part []string
		require.NoError(t, db.Raw(query).Scan(&part).Error)
		lines = append(lines, part...)
	}
	lines = slices.DeleteFunc(lines, func(line string) bool {
		return strings.Contains(line, "goose_db_version") || strings.Contains(line, "schema_migrations")
	})
	for i, line := range lines {
		lines[i] = ownSchema.ReplaceAllString(line, "x")
	}
	slices.Sort(lines)
	return lines
}

// ownSchema is the name of a test's schema.
var ownSchema = regexp.MustCompile(`testdb_[0-9a-z]+`)
