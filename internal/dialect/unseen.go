package dialect

import (
	"encoding/json"

	"gorm.io/gorm"
)

// This room is about rows that the database hides from a session, as row-level security does: the action of a foreign key reaches them
// all the same.

// Changes are what statements, and the actions of foreign keys that they have set off, have done to a table so far.
type Changes struct {
	Removed int64 `gorm:"column:removed"`
	Changed int64 `gorm:"column:changed"`
	Added   int64 `gorm:"column:added"`
}

// Since are the changes after others of the same table.
func (c Changes) Since(before Changes) Changes {
	return Changes{c.Removed - before.Removed, c.Changed - before.Changed, c.Added - before.Added}
}

// WithoutMoves are the changes of a table into which no row was inserted: one that went from a partition and came into another is changed.
func (c Changes) WithoutMoves() Changes { return Changes{c.Removed - c.Added, c.Changed + c.Added, 0} }

// unseen is what a database that hides rows tells of them.
type unseen struct {
	// reached tells whether any foreign key has an action on a table that has rows hidden from the session.
	reached string
	// changes gives what the transaction has done to a table, none where the server does not count.
	changes func(db *gorm.DB, table string) ([]Changes, error)
	// hides gives the places, from 1, of those tables of a list that may have rows hidden from the session.
	hides func(db *gorm.DB, tables []string) ([]int, error)
}

// Hidden lists those of the tables that the database may hide rows of from the session. It asks once for all of them, and nothing of a
// database that hides none.
func (d *Dialect) Hidden(db *gorm.DB, tables []string) (hidden []string, err error) {
	if d.unseen.hides == nil || len(tables) == 0 {
		return nil, nil
	}
	places, err := d.unseen.hides(db, tables)
	for _, place := range places {
		hidden = append(hidden, tables[place-1])
	}
	return hidden, err
}

// HidesRows tells whether the database may remove or change rows that it hides from the session, by the action of any foreign key.
func (d *Dialect) HidesRows(db *gorm.DB) (hides bool, err error) {
	if d.unseen.reached == "" {
		return false, nil
	}
	return hides, db.Raw(d.unseen.reached).Scan(&hides).Error
}

// ChangesSoFar gives what the transaction has done to a table as the references name it, hidden rows included. counted tells whether the
// server counts that.
func (d *Dialect) ChangesSoFar(db *gorm.DB, table string) (so Changes, counted bool, err error) {
	found, err := d.unseen.changes(db, table)
	if err != nil || len(found) == 0 {
		return so, false, err
	}
	return found[0], true, nil
}

// postgresUnseen asks whether a policy applies to the session's role; a superuser, BYPASSRLS and an owner without FORCE see all. The
// actions of foreign keys run as the owner of the table. Only superusers switch track_counts off.
var postgresUnseen = unseen{
	reached: "SELECT EXISTS (SELECT 1 FROM pg_constraint k WHERE " + postgresUnseenKey + ")",
	changes: func(db *gorm.DB, table string) (found []Changes, err error) {
		err = db.Raw(`SELECT coalesce(sum(pg_stat_get_xact_tuples_deleted(oid)), 0) AS removed, coalesce(sum(pg_stat_get_xact_tuples_updated(oid)), 0) AS changed,
				coalesce(sum(pg_stat_get_xact_tuples_inserted(oid)), 0) AS added
			FROM (SELECT to_regclass(?)::oid AS oid UNION SELECT relid FROM pg_partition_tree(to_regclass(?))) AS parts
			HAVING current_setting('track_counts') = 'on'`, regclass(table), regclass(table)).Scan(&found).Error
		return found, err
	},
	hides: func(db *gorm.DB, tables []string) (places []int, err error) {
		names := make([]string, len(tables))
		for i, table := range tables {
			names[i] = regclass(table)
		}
		list, err := json.Marshal(names)
		if err != nil {
			return nil, err
		}
		err = db.Raw(`SELECT t.place FROM json_array_elements_text(CAST(? AS json)) WITH ORDINALITY AS t (name, place)
			WHERE row_security_active(to_regclass(t.name)) ORDER BY t.place`, string(list)).Scan(&places).Error
		return places, err
	},
}

// postgresUnseenKey is the condition that a foreign key has an action on rows that may be hidden.
const postgresUnseenKey = "k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd') AND coalesce(row_security_active(k.conrelid), false)"
