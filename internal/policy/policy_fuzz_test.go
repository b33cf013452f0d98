package policy_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// fuzzTags are tags of every kind, sound and broken.
var fuzzTags = []string{
	"", ";", ":", ";;", "::", ",", " ", `\`, `\;`, `;\`, "\x00", "é:ü",
	"timestamp", "timestamp;unit:ms", "TIMESTAMP ; UNIT : ns", "flag", "flag:", "flag:flag", "status;deleted:gone;active:on;visible:on,off",
	"status;deleted:-1;active:9223372036854775808;visible:,", `status;deleted:a\;b;active:it's;visible:100%`, "status;visible:deleted",
	"archive;retain:7y;then:cold;table:old", "hard", "never", "hard;never", "at;unit:us", "previous", "actor;reason", "full;live",
	"events", "retain:90d;then:erase;clock:ID;tenant:ID", "retain:0", "retain:99999999999999999999h", "retain:-1d", "retain:retain",
	"retian:90d", "cascade", "keep;block", "lazy;guard", "casacde", "CASCADE:CASCADE", "visible:VISIBLE", "unit;unit:s",
	"retain:3d;retain:4d", "retain:3d; RETAIN :3d;", "cascade;cascade", `deleted:a\;deleted:b`, "status;active:1;status",
}

// fuzzTypes are the types of columns that a strategy or a companion may, or may not, stand on.
var fuzzTypes = []reflect.Type{
	reflect.TypeFor[gorm.DeletedAt](), reflect.TypeFor[*time.Time](), reflect.TypeFor[time.Time](), reflect.TypeFor[int64](),
	reflect.TypeFor[uint8](), reflect.TypeFor[*int32](), reflect.TypeFor[bool](), reflect.TypeFor[*bool](), reflect.TypeFor[string](),
	reflect.TypeFor[*string](), reflect.TypeFor[[]byte](), reflect.TypeFor[float64](), reflect.TypeFor[softdelete.DeletionID](),
}

type fuzzParent struct {
	ID        uint
	DeletedAt gorm.DeletedAt
}

type fuzzChild struct {
	ID, ParentID uint
	DeletedAt    gorm.DeletedAt
}

// fuzzModel is a model with the tags on its blank field, two columns, a has-many and a belongs-to relation.
func fuzzModel(blank, first, second, has, belongs string, firstType, secondType byte) any {
	field := func(name string, t reflect.Type, gormTag, tag string) reflect.StructField {
		text := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(tag)
		return reflect.StructField{Name: name, Type: t, Tag: reflect.StructTag(`gorm:"` + gormTag + `" softdelete:"` + text + `"`)}
	}
	blankField := field("_", reflect.TypeFor[struct{}](), "", blank)
	blankField.PkgPath = "github.com/gorm-softdelete/softdelete"
	return reflect.New(reflect.StructOf([]reflect.StructField{
		blankField,
		{Name: "ID", Type: reflect.TypeFor[uint]()},
		field("First", fuzzTypes[int(firstType)%len(fuzzTypes)], "index", first),
		field("Second", fuzzTypes[int(secondType)%len(fuzzTypes)], "uniqueIndex", second),
		field("Children", reflect.TypeFor[[]fuzzChild](), "foreignKey:ParentID", has),
		{Name: "UpID", Type: reflect.TypeFor[uint]()},
		field("Up", reflect.TypeFor[*fuzzParent](), "", belongs),
	})).Interface()
}

// compiled gives the policy that stands in the schema of a model.
func compiled(db *gorm.DB, model any) (*policy.Policy, error) {
	s, err := policy.Parse(db, model)
	if err != nil {
		return nil, err
	}
	for _, c := range s.QueryClauses {
		if c, ok := c.(*scope.Clause); ok {
			return c.Policy, nil
		}
	}
	return nil, errors.New("the schema has no policy")
}

// FuzzPolicy compiles models with random tags: what is wrong is an ErrPolicy, or an ErrUnsupported for what is not built,
// and the same each time.
func FuzzPolicy(f *testing.F) {
	for i, tag := range fuzzTags {
		f.Add("", tag, "", "", "", byte(i), byte(0))
		f.Add(tag, "timestamp", "actor", "cascade", "guard;lazy", byte(1), byte(8))
		f.Add("", "status;deleted:gone", tag, "block", "", byte(8), byte(i))
		f.Add("hard", "", "", tag, tag, byte(3), byte(3))
	}
	database := testdb.SQLite(f)
	f.Fuzz(func(t *testing.T, blank, first, second, has, belongs string, firstType, secondType byte) {
		model := fuzzModel(blank, first, second, has, belongs, firstType, secondType)
		db := database.Open(t, &gorm.Config{DryRun: true})
		err := db.Use(softdelete.New(softdelete.Config{Models: []any{model}}))
		again := database.Open(t, &gorm.Config{DryRun: true}).Use(softdelete.New(softdelete.Config{Models: []any{model}}))
		if err != nil {
			require.ErrorIs(t, err, softdelete.ErrPolicy)
			require.EqualError(t, again, err.Error(), "compiling is deterministic")
			return
		}
		require.NoError(t, again)

		p, err := compiled(db, model)
		require.NoError(t, err)
		if p.KeepsDeleted() && !p.Strategy.Leaves() {
			require.NotNil(t, p.Column())
			require.NotEmpty(t, p.Predicates.Live)
			require.NotEmpty(t, p.Predicates.Deleted)
			require.False(t, len(p.Has) > 0 && p.Has[0].Rule == policy.RuleCascade && !p.CanCarryMark(), "a cascade has a mark to be restored by")
		}
		// What compiles can be read and deleted without a panic.
		out := db.Find(reflect.New(reflect.SliceOf(reflect.TypeOf(model).Elem())).Interface())
		require.NoError(t, out.Error)
		if err := db.Where("id = 1").Delete(model).Error; err != nil {
			require.True(t, errors.Is(err, softdelete.ErrNeverDelete), "%v", err)
		}
	})
}
