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
