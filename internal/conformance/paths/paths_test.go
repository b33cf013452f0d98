package paths_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// The models of all paths: users belong to a company with an owner, have pets with a status, and roles by links that have a
// policy of their own.
type (
	pathOwner struct {
		ID        uint
		Name      string
		DeletedAt gorm.DeletedAt
	}
	pathCompany struct {
		ID        uint
		Name      string
		OwnerID   uint
		Owner     *pathOwner
		DeletedAt gorm.DeletedAt
	}
	pathUser struct {
		ID        uint
		Name      string `gorm:"uniqueIndex"`
		Badge     string `gorm:"uniqueIndex" softdelete:"full"`
		Age       int
		CompanyID *uint
		Company   *pathCompany
		Pets      []pathPet  `gorm:"foreignKey:UserID"`
		Roles     []pathRole `gorm:"many2many:path_user_roles"`
		DeletedAt gorm.DeletedAt
	}
	pathPet struct {
		ID     uint
		UserID *uint  `gorm:"uniqueIndex:idx_path_pets_user_name"`
		Name   string `gorm:"uniqueIndex:idx_path_pets_user_name"`
		Status string `gorm:"not null;default:here" softdelete:"status;deleted:gone;active:here"`
	}
	pathRole struct {
		ID        uint
		Name      string
		DeletedAt gorm.DeletedAt
	}
	pathUserRole struct {
		PathUserID uint `gorm:"primaryKey"`
		PathRoleID uint `gorm:"primaryKey"`
		DeletedAt  gorm.DeletedAt
	}
	// pathUserName is a smaller struct that queries of users may fill.
	pathUserName struct {
		ID   uint
		Name string
	}
)

var pathModels = []any{&pathOwner{}, &pathCompany{}, &pathUser{}, &pathPet{}, &pathRole{}, &pathUserRole{}}

// pathRows are the rows that every path begins with. Deleted are the owner 2, the company 2, the user cid, the pet old, the
// role 2 and the links from ann to reader and from cid to admin; bob's company is deleted, and the owner of dan's.
func pathRows() []any {
	gone := gorm.DeletedAt{Time: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Valid: true}
	id := func(id uint) *uint { return &id }
	return []any{
		&[]pathOwner{{ID: 1, Name: "olga"}, {ID: 2, Name: "otto", DeletedAt: gone}},
		&[]pathCompany{{ID: 1, Name: "acme", OwnerID: 1}, {ID: 2, Name: "bust", OwnerID: 1, DeletedAt: gone}, {ID: 3, Name: "core", OwnerID: 2}},
		&[]pathUser{
			{ID: 1, Name: "ann", Badge: "a1", Age: 30, CompanyID: id(1)},
			{ID: 2, Name: "bob", Badge: "b2", Age: 40, CompanyID: id(2)},
			{ID: 3, Name: "cid", Badge: "c3", Age: 30, CompanyID: id(1), DeletedAt: gone},
			{ID: 4, Name: "dan", Badge: "d4", Age: 50, CompanyID: id(3)},
		},
		&[]pathPet{
			{ID: 1, UserID: id(1), Name: "rex", Status: "here"},
			{ID: 2, UserID: id(1), Name: "old", Status: "gone"},
			{ID: 3, UserID: id(2), Name: "tom", Status: "here"},
		},
		&[]pathRole{{ID: 1, Name: "admin"}, {ID: 2, Name: "retired", DeletedAt: gone}, {ID: 3, Name: "reader"}},
		&[]pathUserRole{
			{PathUserID: 1, PathRoleID: 1},
			{PathUserID: 1, PathRoleID: 2},
			{PathUserID: 1, PathRoleID: 3, DeletedAt: gone},
			{PathUserID: 2, PathRoleID: 1},
			{PathUserID: 3, PathRoleID: 1, DeletedAt: gone},
		},
	}
}

// path is one way to read or write through GORM. Its SQL stands in testdata, a file per database, under its name.
type path struct {
	name string
	// run goes the way and tells what it shows or how many rows it affected.
	run   func(t *testing.T, db *gorm.DB) string
	shows string
	// sent is that where an upsert counts the rows that it was sent, if it is another.
	sent string
	// err is what the path gives; nil means success.
	err error
	// changes are the rows that differ afterwards, as pathState shows them: "-" before, "+" after.
	changes []string
}

// inQuotes puts names that stand in double quotes into the database's own where it does not know these.
func inQuotes(db *gorm.DB, sql string) string {
	if db.Name() != "mysql" {
		return sql
	}
	return strings.ReplaceAll(sql, `"`, "`")
}

// pathFailure is what a path panics with when it gives an error, so that its lines need not hand it on.
type pathFailure struct{ err error }

func pathCheck(err error) {
	if err != nil {
		panic(pathFailure{err})
	}
}

func pathDone(tx *gorm.DB) *gorm.DB {
	pathCheck(tx.Error)
	return tx
}

// affected tells how many rows a write affected.
func affected(tx *gorm.DB) string { return fmt.Sprint(pathDone(tx).RowsAffected) }

// newPaths makes the tables and their rows. The join model is set up before the plugin.
func newPaths(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := database.Open(t)
	require.NoError(t, db.SetupJoinTable(&pathUser{}, "Roles", &pathUserRole{}))
	fixture.Register(t, db, pathModels...)
	resetPaths(t, db)
	return db
}

func resetPaths(t *testing.T, db *gorm.DB) {
	t.Helper()
	require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
		for _, table := range []string{"path_user_roles", "path_roles", "path_pets", "path_users", "path_companies", "path_owners"} {
			if err := tx.Exec("DELETE FROM " + table).Error; err != nil {
				return err
			}
		}
		for _, rows := range pathRows() {
			if err := tx.Create(rows).Error; err != nil {
				return err
			}
		}
		return nil
	}))
}

// pathState is every row, live or deleted, as a line.
func pathState(t *testing.T, db *gorm.DB) (lines []string) {
	t.Helper()
	all := db.Unscoped().Session(&gorm.Session{})
	deleted := func(at gorm.DeletedAt) string {
		if at.Valid {
			return " deleted"
		}
		return ""
	}
	read := func(rows any, order string) { require.NoError(t, all.Order(order).Find(rows).Error) }
	var (
		companies []pathCompany
		users     []pathUser
		pets      []pathPet
		roles     []pathRole
		links     []pathUserRole
	)
	read(&companies, "id")
	for _, c := range companies {
		lines = append(lines, fmt.Sprintf("company %d %s%s", c.ID, c.Name, deleted(c.DeletedAt)))
	}
	read(&users, "id")
	for _, u := range users {
		lines = append(lines, fmt.Sprintf("user %d %s %s %d%s", u.ID, u.Name, u.Badge, u.Age, deleted(u.DeletedAt)))
	}
	read(&pets, "id")
	for _, p := range pets {
		lines = append(lines, fmt.Sprintf("pet %d %s of %s %s", p.ID, p.Name, pathNumber(p.UserID), p.Status))
	}
	read(&roles, "id")
	for _, r := range roles {
		lines = append(lines, fmt.Sprintf("role %d %s%s", r.ID, r.Name, deleted(r.DeletedAt)))
	}
	read(&links, "path_user_id, path_role_id")
	for _, l := range links {
		lines = append(lines, fmt.Sprintf("link %d-%d%s", l.PathUserID, l.PathRoleID, deleted(l.DeletedAt)))
	}
	return lines
}

func pathNumber(id *uint) string {
	if id == nil {
		return "nobody"
	}
	return fmt.Sprint(*id)
}

// pathChanges lists the lines that differ.
func pathChanges(before, after []string) (changes []string) {
	for _, line := range before {
		if !slices.Contains(after, line) {
			changes = append(changes, "-"+line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			changes = append(changes, "+"+line)
		}
	}
	return changes
}

func TestEveryPathObeys(t *testing.T) {
	paths := slices.Concat(pathReads, pathConditions, pathJoins, pathTables, pathPreloads, pathAssociations, pathGenerics, pathWrites, pathUpserts, pathReuses)
	names := map[string]bool{}
	for _, p := range paths {
		require.False(t, names[p.name], "two paths are called %q", p.name)
		names[p.name] = true
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newPaths(t, database)
		recorder := testdb.Record(db)
		golden := openPathGolden(t, database.Name)
		begin := pathState(t, db)
		for _, p := range paths {
			t.Run(p.name, func(t *testing.T) {
				recorder.Reset()
				shown, err := goPath(t, p, db)
				statements := recorder.All()
				changes := pathChanges(begin, pathState(t, db))
				if changes != nil {
					resetPaths(t, db)
				}
				require.ErrorIs(t, err, p.err)
				if p.sent != "" && database.Name == "mysql" {
					require.Equal(t, p.sent, shown)
				} else {
					require.Equal(t, p.shows, shown)
				}
				require.Equal(t, p.changes, changes)
				golden.check(t, p.name, statements)
			})
		}
		golden.finish(t)
	})
}

// goPath goes a path.
func goPath(t *testing.T, p path, db *gorm.DB) (shown string, err error) {
	t.Helper()
	defer func() {
		switch failure := recover().(type) {
		case nil:
		case pathFailure:
			err = failure.err
		default:
			panic(failure)
		}
	}()
	return p.run(t, db), nil
}
