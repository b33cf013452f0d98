package pii

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"gorm.io/gorm/schema"
)

// This room finds the model that a tag names as a data subject.

// readSubject takes a column that holds the key of a data subject.
func (b *piiBuilder) readSubject(field *schema.Field, name string) {
	named := b.modelsNamed(name)
	if len(named) == 0 {
		b.refuse(field.Name, "unknown subject %q; name a model of Config.Models", name)
		return
	}
	if len(named) > 1 {
		b.refuse(field.Name, "several models are named %s; write one as %s", name, strings.Join(ways(named), " or "))
		return
	}
	if n := keyColumns(named[0]); n != 1 {
		b.refuse(field.Name, "the primary key of %s has %d columns, and this is one; write a has-one or has-many relation of %s instead", name, n, name)
		return
	}
	b.Subjects = append(b.Subjects, SubjectField{Field: field, Model: name, Type: named[0]})
}

// modelsNamed are the models that can be subjects with a name: that of the type, the same with its package's name, or with the path
// of the package.
func (b *piiBuilder) modelsNamed(name string) (list []reflect.Type) {
	for _, model := range b.options.Models {
		t := modelType(model)
		if t == nil || slices.Contains(list, t) {
			continue
		}
		if t.Name() == name || t.String() == name || pathName(t) == name {
			list = append(list, t)
		}
	}
	return list
}

// ways are the names by which the tag may tell types apart that have one name.
func ways(types []reflect.Type) (names []string) {
	for _, t := range types {
		name := t.String()
		if slices.ContainsFunc(types, func(other reflect.Type) bool { return other != t && other.String() == name }) {
			name = pathName(t)
		}
		names = append(names, "subject:"+name)
	}
	return names
}

func pathName(t reflect.Type) string { return t.PkgPath() + "." + t.Name() }

// keyColumns counts the columns of a model's primary key; a model that GORM cannot read has an error of its own.
func keyColumns(t reflect.Type) int {
	s, err := schema.Parse(reflect.New(t).Interface(), &sync.Map{}, schema.NamingStrategy{})
	if err != nil {
		return 1
	}
	return len(s.PrimaryFields)
}

// modelType is the type of a model, nil for what is none.
func modelType(model any) reflect.Type {
	t := reflect.TypeOf(model)
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	return t
}
