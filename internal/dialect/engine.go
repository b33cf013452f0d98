package dialect

import "gorm.io/gorm"

// This room is for databases of which a table may be kept by an engine without transactions.

// Unfit gives the engines of those tables in the session's schema that are kept by another than the SQL for this database is exact on.
func (d *Dialect) Unfit(db *gorm.DB, tables []string) (engines map[string]string, err error) {
	if d.unfit == "" || len(tables) == 0 {
		return nil, nil
	}
	var rows []struct {
		Name   string `gorm:"column:name"`
		Engine string `gorm:"column:engine"`
	}
	err = db.Raw(d.unfit, tables).Scan(&rows).Error
	engines = make(map[string]string, len(rows))
	for _, row := range rows {
		engines[row.Name] = row.Engine
	}
	return engines, err
}

const mysqlUnfit = `SELECT table_name AS "name", engine AS "engine" FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN ?
	AND engine <> 'InnoDB'`

// Writers asks whether others may write to the same rows through another server, and says what does not hold then; empty where nobody can.
func (d *Dialect) Writers(db *gorm.DB) (warning string, err error) {
	if d.writers == nil {
		return "", nil
	}
	var rows []struct {
		Name  string `gorm:"column:Variable_name"`
		Value string `gorm:"column:Value"`
	}
	if err := db.Raw("SHOW GLOBAL VARIABLES WHERE Variable_name IN ?", writerSettings).Scan(&rows).Error; err != nil {
		return "", err
	}
	settings := map[string]string{}
	for _, row := range rows {
		settings[row.Name] = row.Value
	}
	return d.writers(settings), nil
}

var writerSettings = []string{"wsrep_on", "group_replication_group_name", "group_replication_single_primary_mode"}

// mysqlWriters reads the settings of Galera, and of Percona's cluster, which is that, and those of group replication.
func mysqlWriters(settings map[string]string) string {
	cluster := ""
	switch {
	case settings["wsrep_on"] == "ON":
		cluster = "a Galera cluster"
	case settings["group_replication_group_name"] != "" && settings["group_replication_single_primary_mode"] == "OFF":
		cluster = "a replication group of several primaries"
	default:
		return ""
	}
	return "the server is one of " + cluster + ", whose locks of rows are its own: block, guard, restores and legal holds are exact only where all " +
		"writers use one and the same server"
}
