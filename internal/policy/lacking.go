package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room says of a statement that failed for what the database lacks, a table, a column or a privilege, which model and relation
// that is of, and what to do. A call reads the tables of models that its caller never named.

// Lacking gives the error of a call that has ended with what its statements lack of tables of models. Others stay as they are.
func (r *Registry) Lacking(db *gorm.DB, err error) error {
	var texts []string
	all := statement.FailedIn(err)
	for _, failed := range all {
		for _, text := range r.lacking(statement.InWork(db, db.Statement.Context), failed, all) {
			if !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
	}
	if len(texts) == 0 {
		return err
	}
	return fault.Lacks(err, "%s", strings.Join(texts, "; "))
}

// lacking says what a statement lacks, one of all that have failed.
func (r *Registry) lacking(db *gorm.DB, failed *statement.Failed, all []*statement.Failed) (texts []string) {
	db = db.Session(&gorm.Session{NewDB: true, Logger: logger.Discard})
	db.Config.DryRun = false
	if remedy := r.Dialect.Remedy(failed.SQL, failed); remedy != "" {
		return []string{remedy}
	}
	for _, t := range r.tablesIn(db, failed.SQL) {
		named := failed.Names(dialect.LastName(t.name))
		switch {
		case failed.Missing == dialect.MissingPrivilege && named:
			texts = append(texts, fmt.Sprintf("the database role has not all the privileges on %s that this needs; GRANT %s ON %s to it",
				t.said, strings.Join(t.needs(db, r.Dialect, all), ", "), t.name))
		case failed.Missing == dialect.MissingTable && named:
			if there, err := r.Dialect.SameName(db, t.name); err == nil && there == "" {
				texts = append(texts, t.said+" is not there; "+t.remedy())
			}
		case failed.Missing == dialect.MissingColumn:
			if columns := t.lacks(db, r.Dialect, failed); len(columns) > 0 {
				texts = append(texts, fmt.Sprintf("%s has no column %s; %s", t.said, strings.Join(columns, ", "), t.remedy()))
			}
		}
	}
	return texts
}

// tableOf is a table with rows of a model.
type tableOf struct {
	policy *Policy
	name   string
	said   string // what it is
}

// remedy makes the table as its model has it.
func (t tableOf) remedy() string {
	if t.policy != t.policy.Own() {
		return fmt.Sprintf("run db.Table(%q).AutoMigrate(&%s{})", t.policy.Table, t.policy.Schema.Name)
	}
	return "run AutoMigrate, or the statements of softdelete.DDL"
}

// needs lists the privileges on the table that statements which lacked some needed.
func (t tableOf) needs(db *gorm.DB, d *dialect.Dialect, all []*statement.Failed) (privileges []string) {
	for _, failed := range all {
		if failed.Missing == dialect.MissingPrivilege && failed.Names(dialect.LastName(t.name)) {
			privileges = append(privileges, failed.Needs(statement.QuoteName(db, t.name), d)...)
		}
	}
	slices.SortFunc(privileges, func(a, b string) int {
		return cmp.Compare(slices.Index(statement.Privileges, a), slices.Index(statement.Privileges, b))
	})
	return slices.Compact(privileges)
}

// lacks lists the columns of the model that a statement missed and that the table has not. Where the database does not tell, those that
// it may have missed.
func (t tableOf) lacks(db *gorm.DB, d *dialect.Dialect, failed *statement.Failed) (columns []string) {
	for _, name := range t.policy.Schema.DBNames {
		if failed.Names(name) {
			columns = append(columns, name)
		}
	}
	if len(columns) == 0 {
		return nil
	}
	there, err := d.Columns(db, dialect.Table{Name: t.name, Quoted: statement.QuoteName(db, t.name)})
	if err == nil && len(there) == 0 {
		return nil
	}
	return slices.DeleteFunc(columns, func(name string) bool { return err == nil && d.FindColumn(there, name) != nil })
}

// tablesIn lists the tables of models that a statement names, each once.
func (r *Registry) tablesIn(db *gorm.DB, sql string) (list []tableOf) {
	names := func(table string) bool { return strings.Contains(sql, statement.QuoteName(db, table)) }
	add := func(p *Policy, table, beside string) {
		if !names(table) || slices.ContainsFunc(list, func(t tableOf) bool { return t.name == table }) {
			return
		}
		t := tableOf{p, table, "the table " + table + " of "}
		if beside != "" {
			t.said = "the table " + table + ", the " + beside + " of "
		}
		t.said += cmp.Or(p.Schema.Name, "links")
		if by := r.relationsTo(p, names); len(by) > 0 {
			t.said += " (" + fault.Plural(int64(len(by)), "relation") + " " + strings.Join(by, ", ") + ")"
		}
		list = append(list, t)
	}
	all := r.All()
	slices.SortFunc(all, func(a, b *Policy) int {
		return cmp.Or(strings.Compare(a.Table, b.Table), strings.Compare(a.Schema.Name, b.Schema.Name))
	})
	for _, own := range all {
		for _, table := range append([]string{own.Table}, own.Named()...) {
			p := own.On(table)
			add(p, p.Table, "")
			for name, what := range p.beside() {
				add(p, name, what)
			}
		}
	}
	return list
}

// relationsTo lists the relations that lead to a model: those from models whose tables a statement names, if there are any.
func (r *Registry) relationsTo(p *Policy, names func(table string) bool) []string {
	var near, far []string
	add := func(from *Policy, rel *Relation, to *Policy) {
		if to == nil || to.Schema.ModelType != p.Schema.ModelType {
			return
		}
		name := from.Schema.Name + "." + rel.Name
		far = append(far, name)
		if from.Table != p.Table && names(from.Table) {
			near = append(near, name)
		}
	}
	for _, from := range r.All() {
		for _, rel := range from.Has {
			add(from, rel, rel.Child)
			add(from, rel, rel.Far)
		}
		for _, rel := range from.Belongs {
			add(from, rel, rel.Parent)
		}
	}
	if len(near) == 0 {
		near = far
	}
	slices.Sort(near)
	return slices.Compact(near)
}
