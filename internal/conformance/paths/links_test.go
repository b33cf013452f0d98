package paths_test

import (
	"fmt"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
)

// ann is the user whose associations the paths below read and write.
func ann() *pathUser { return &pathUser{ID: 1, Name: "ann", Badge: "a1", Age: 30} }

func roleNames(tx *gorm.DB, of any) string {
	var roles []pathRole
	pathCheck(tx.Model(of).Association("Roles").Find(&roles))
	return rolesText(roles)
}

func rolesText(roles []pathRole) string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = role.Name
	}
	return sorted(names)
}

func petNames(tx *gorm.DB, of any) string {
	var pets []pathPet
	pathCheck(tx.Model(of).Association("Pets").Find(&pets))
	names := make([]string, len(pets))
	for i, pet := range pets {
		names[i] = pet.Name
	}
	return sorted(names)
}

// linking writes ann's roles and shows those that she has then.
func linking(name, shows string, write func(roles *gorm.Association) error, changes ...string) path {
	return path{name: name, shows: shows, changes: changes, run: func(_ *testing.T, db *gorm.DB) string {
		user := ann()
		pathCheck(write(db.Model(user).Association("Roles")))
		return rolesText(user.Roles)
	}}
}

var (
	admin   = func() *pathRole { return &pathRole{ID: 1, Name: "admin"} }
	retired = func() *pathRole { return &pathRole{ID: 2, Name: "retired"} }
	reader  = func() *pathRole { return &pathRole{ID: 3, Name: "reader"} }
)

// pathAssociations go through Association mode, or save associations with their owner.
var pathAssociations = []path{
	{name: "Association Find of a has-many", shows: "rex", run: func(_ *testing.T, db *gorm.DB) string { return petNames(db, ann()) }},
	{name: "Association Count of a has-many", shows: "1", run: func(_ *testing.T, db *gorm.DB) string {
		return fmt.Sprint(db.Model(ann()).Association("Pets").Count())
	}},
	{name: "Association Find of a has-many with a raw OR", shows: "rex", run: func(_ *testing.T, db *gorm.DB) string {
		return petNames(db.Where("name = 'rex'\nOR\nname = 'old'"), ann())
	}},
	{name: "Association Find of a belongs-to", shows: "", run: func(_ *testing.T, db *gorm.DB) string {
		company := uint(2)
		var found []pathCompany
		pathCheck(db.Model(&pathUser{ID: 2, CompanyID: &company}).Association("Company").Find(&found))
		return fmt.Sprint(len(found))[1:]
	}},
	{name: "Association Find of a many2many", shows: "admin", run: func(_ *testing.T, db *gorm.DB) string { return roleNames(db, ann()) }},
	{name: "Association Count of a many2many", shows: "1", run: func(_ *testing.T, db *gorm.DB) string {
		return fmt.Sprint(db.Model(ann()).Association("Roles").Count())
	}},
	{name: "Association Find of a many2many with a raw OR", shows: "admin", run: func(_ *testing.T, db *gorm.DB) string {
		return roleNames(db.Where("name = 'admin'\nOR\nname = 'reader' or(name = 'retired')"), ann())
	}},
	{name: "Association Find of a many2many of several owners", shows: "admin admin", run: func(_ *testing.T, db *gorm.DB) string {
		return roleNames(db, &[]pathUser{{ID: 1}, {ID: 2}, {ID: 3}})
	}},
	{name: "Association Find of a many2many, Unscoped", shows: "admin reader retired", run: func(_ *testing.T, db *gorm.DB) string {
		return roleNames(db.Unscoped(), ann())
	}},
	{name: "Association Count of a many2many, Unscoped", shows: "3", run: func(_ *testing.T, db *gorm.DB) string {
		return fmt.Sprint(db.Unscoped().Model(ann()).Association("Roles").Count())
	}},
	{name: "Association Find of a many2many, OnlyDeleted", shows: "retired", run: func(_ *testing.T, db *gorm.DB) string {
		return roleNames(db.Clauses(softdelete.OnlyDeleted), ann())
	}},
	{name: "Association Find of a many2many, WithDeleted", shows: "admin reader retired", run: func(_ *testing.T, db *gorm.DB) string {
		return roleNames(db.Clauses(softdelete.WithDeleted), ann())
	}},
	{name: "Association Unscoped Find is filtered all the same", shows: "admin", run: func(_ *testing.T, db *gorm.DB) string {
		var roles []pathRole
		pathCheck(db.Model(ann()).Association("Roles").Unscoped().Find(&roles))
		return rolesText(roles)
	}},

	linking("Association Append of a new role", "writer", func(roles *gorm.Association) error {
		return roles.Append(&pathRole{ID: 9, Name: "writer"})
	}, "+role 9 writer", "+link 1-9"),
	linking("Association Append of a live link", "admin", func(roles *gorm.Association) error { return roles.Append(admin()) }),
	linking("Association Append of a deleted link", "reader", func(roles *gorm.Association) error {
		return roles.Append(reader())
	}, "-link 1-3 deleted", "+link 1-3"),
	linking("Association Append of live, deleted and new links", "admin reader writer", func(roles *gorm.Association) error {
		return roles.Append(admin(), reader(), &pathRole{ID: 9, Name: "writer"})
	}, "-link 1-3 deleted", "+role 9 writer", "+link 1-3", "+link 1-9"),
	linking("Association Append of a link twice", "reader reader", func(roles *gorm.Association) error {
		return roles.Append(reader(), reader())
	}, "-link 1-3 deleted", "+link 1-3"),
	linking("Association Append of a deleted role does not revive it", "retired", func(roles *gorm.Association) error { return roles.Append(retired()) }),
	linking("Association Delete", "", func(roles *gorm.Association) error { return roles.Delete(admin()) }, "-link 1-1", "+link 1-1 deleted"),
	linking("Association Delete of a deleted link", "", func(roles *gorm.Association) error { return roles.Delete(reader()) }),
	linking("Association Unscoped Delete marks the link all the same", "", func(roles *gorm.Association) error {
		return roles.Unscoped().Delete(admin())
	}, "-link 1-1", "+link 1-1 deleted"),
	linking("Association Clear", "", func(roles *gorm.Association) error { return roles.Clear() },
		"-link 1-1", "-link 1-2", "+link 1-1 deleted", "+link 1-2 deleted"),
	linking("Association Replace", "reader", func(roles *gorm.Association) error { return roles.Replace(reader()) },
		"-link 1-1", "-link 1-2", "-link 1-3 deleted", "+link 1-1 deleted", "+link 1-2 deleted", "+link 1-3"),
	linking("Association Replace with nothing", "", func(roles *gorm.Association) error { return roles.Replace() },
		"-link 1-1", "-link 1-2", "+link 1-1 deleted", "+link 1-2 deleted"),
	{name: "Association Delete and Append of a link leaves one", shows: "admin", run: func(_ *testing.T, db *gorm.DB) string {
		pathCheck(db.Model(ann()).Association("Roles").Delete(admin()))
		pathCheck(db.Model(ann()).Association("Roles").Append(admin()))
		return roleNames(db, ann())
	}},
	{name: "Association Find of a many2many with Or", shows: "admin", run: func(_ *testing.T, db *gorm.DB) string {
		return roleNames(db.Where("name = 'admin'").Or("name = 'reader'"), ann())
	}},
	{
		name: "Association Delete, Unscoped", shows: "", run: func(_ *testing.T, db *gorm.DB) string {
			user := ann()
			pathCheck(db.Unscoped().Model(user).Association("Roles").Delete(admin(), reader()))
			return rolesText(user.Roles)
		},
		changes: []string{"-link 1-1", "-link 1-3 deleted"},
	},
	{
		name: "Association Append for several owners", shows: "", run: func(_ *testing.T, db *gorm.DB) string {
			owners := []pathUser{{ID: 1}, {ID: 2}}
			pathCheck(db.Model(&owners).Association("Roles").Append(reader(), reader()))
			return ""
		},
		changes: []string{"-link 1-3 deleted", "+link 1-3", "+link 2-3"},
	},
	{
		name: "Create of a user with roles", shows: "1", run: func(_ *testing.T, db *gorm.DB) string {
			return affected(db.Create(&pathUser{ID: 9, Name: "eve", Badge: "e9", Roles: []pathRole{*admin(), {ID: 9, Name: "writer"}}}))
		},
		changes: []string{"+user 9 eve e9 0", "+role 9 writer", "+link 9-1", "+link 9-9"},
	},
	{
		name: "Save of a user with a role whose link is deleted", shows: "1", run: func(_ *testing.T, db *gorm.DB) string {
			user := ann()
			user.Roles = []pathRole{*reader()}
			return affected(db.Omit("CompanyID").Save(user))
		},
		changes: []string{"-link 1-3 deleted", "+link 1-3"},
	},
	{
		name: "Updates of a user with a role whose link is deleted", shows: "1", run: func(_ *testing.T, db *gorm.DB) string {
			return affected(db.Updates(&pathUser{ID: 1, Age: 31, Roles: []pathRole{*reader()}}))
		},
		changes: []string{"-user 1 ann a1 30", "-link 1-3 deleted", "+user 1 ann a1 31", "+link 1-3"},
	},
	{
		name: "FullSaveAssociations of a user with a deleted role", err: softdelete.ErrRowDeleted, run: func(_ *testing.T, db *gorm.DB) string {
			role := *retired()
			role.Name = "revived"
			return affected(db.Session(&gorm.Session{FullSaveAssociations: true}).Updates(&pathUser{ID: 1, Age: 31, Roles: []pathRole{role}}))
		},
	},
	{
		name: "Create of a link by hand is a plain insert", shows: "0", run: func(_ *testing.T, db *gorm.DB) string {
			return affected(db.Clauses(clause.OnConflict{DoNothing: true}).Create(&pathUserRole{PathUserID: 1, PathRoleID: 3}))
		},
	},
	{
		name: "Delete of a user with its links", shows: "1", run: func(_ *testing.T, db *gorm.DB) string {
			return affected(db.Select("Roles").Delete(ann()))
		},
		changes: []string{
			"-user 1 ann a1 30", "-link 1-1", "-link 1-2", "+user 1 ann a1 30 deleted", "+link 1-1 deleted", "+link 1-2 deleted",
		},
	},
	{name: "a query of the links", shows: "3", run: func(_ *testing.T, db *gorm.DB) string { return count(db.Model(&pathUserRole{})) }},

	{
		name: "Association Append of a has-many", shows: "rex toy", run: func(_ *testing.T, db *gorm.DB) string {
			pathCheck(db.Model(ann()).Association("Pets").Append(&pathPet{ID: 9, Name: "toy"}))
			return petNames(db, ann())
		},
		changes: []string{"+pet 9 toy of 1 here"},
	},
	{
		name: "Association Append of a deleted row to a has-many", err: softdelete.ErrRowDeleted, run: func(_ *testing.T, db *gorm.DB) string {
			pathCheck(db.Model(&pathUser{ID: 2}).Association("Pets").Append(&pathPet{ID: 2, Name: "old", Status: "here"}))
			return ""
		},
	},
	{
		name: "Association Delete of a has-many clears the key", shows: "", run: func(_ *testing.T, db *gorm.DB) string {
			pathCheck(db.Model(ann()).Association("Pets").Delete(&pathPet{ID: 1}, &pathPet{ID: 2}))
			return petNames(db, ann())
		},
		changes: []string{"-pet 1 rex of 1 here", "+pet 1 rex of nobody here"},
	},
	{
		name: "Association Replace of a has-many clears the live keys", shows: "tom", run: func(_ *testing.T, db *gorm.DB) string {
			pathCheck(db.Model(ann()).Association("Pets").Replace(&pathPet{ID: 3, Name: "tom", Status: "here"}))
			return petNames(db, ann())
		},
		changes: []string{"-pet 1 rex of 1 here", "-pet 3 tom of 2 here", "+pet 1 rex of nobody here", "+pet 3 tom of 1 here"},
	},
	{
		name: "Association Clear of a has-many clears the live keys", shows: "", run: func(_ *testing.T, db *gorm.DB) string {
			pathCheck(db.Model(ann()).Association("Pets").Clear())
			return petNames(db, ann())
		},
		changes: []string{"-pet 1 rex of 1 here", "+pet 1 rex of nobody here"},
	},
	{
		name: "Association Unscoped Delete of a has-many marks the rows", shows: "", run: func(_ *testing.T, db *gorm.DB) string {
			pathCheck(db.Model(ann()).Association("Pets").Unscoped().Delete(&pathPet{ID: 1}))
			return petNames(db, ann())
		},
		changes: []string{"-pet 1 rex of 1 here", "+pet 1 rex of 1 gone"},
	},
}
