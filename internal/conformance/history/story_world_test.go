package history_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// StoryKey is a key of two texts, which look alike where they are joined by a comma or an underscore.
type StoryKey struct {
	Part string `gorm:"primaryKey"`
	Code string `gorm:"primaryKey"`
}

var storyKeys = []StoryKey{{"a,b", "c"}, {"a", "b,c"}, {"a_b", "c"}, {"a", "b_c"}}

// StoryText is what a row carries: a tag that no other row ever has, a name that is personal, and a time of creation by which an erased
// row is told from another with its key.
type StoryText struct {
	Tag       string
	Name      string `pii:"fixed:[erased]"`
	CreatedAt time.Time
}

// StoryUp and StorySide refer to the rows above.
type (
	StoryUp   struct{ UpPart, UpCode *string }
	StorySide struct{ SidePart, SideCode *string }
)

// The world. Orders are archived and use their keys again, lines stand under orders and shops, debts block, papers are kept. Nodes stand
// under nodes; their marks are times, and a table with another name has the same rules.
type (
	storyShop struct {
		StoryKey
		StoryText
		DeletedAt  gorm.DeletedAt `softdelete:"retain:30d"`
		DeletionID softdelete.DeletionID
		Orders     []storyOrder `gorm:"foreignKey:UpPart,UpCode;references:Part,Code;constraint:-" softdelete:"cascade"`
		Lines      []storyLine  `gorm:"foreignKey:SidePart,SideCode;references:Part,Code;constraint:-" softdelete:"cascade"`
		Debts      []storyDebt  `gorm:"foreignKey:UpPart,UpCode;references:Part,Code;constraint:-" softdelete:"block"`
		Papers     []storyPaper `gorm:"foreignKey:UpPart,UpCode;references:Part,Code;constraint:-" softdelete:"keep"`
	}
	storyOrder struct {
		_ struct{} `softdelete:"archive;retain:20d"`
		StoryKey
		StoryText
		StoryUp
		Shop  *storyShop  `gorm:"foreignKey:UpPart,UpCode;references:Part,Code;constraint:-" softdelete:"guard"`
		Lines []storyLine `gorm:"foreignKey:UpPart,UpCode;references:Part,Code;constraint:-" softdelete:"cascade"`
	}
	storyLine struct {
		StoryKey
		StoryText
		StoryUp
		StorySide
		Gone       bool       `softdelete:"flag"`
		GoneAt     *time.Time `softdelete:"at"`
		DeletionID softdelete.DeletionID
	}
	storyDebt struct {
		StoryKey
		StoryText
		StoryUp
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
	storyPaper struct {
		StoryKey
		StoryText
		StoryUp
		DeletedAt  gorm.DeletedAt `softdelete:"retain:10d"`
		DeletionID softdelete.DeletionID
	}
	storyNode struct {
		StoryKey
		StoryText
		StoryUp
		DeletedAt gorm.DeletedAt
		Nodes     []storyNode `gorm:"foreignKey:UpPart,UpCode;references:Part,Code;constraint:-" softdelete:"cascade"`
	}
	// storyFiled is a row of the archive.
	storyFiled struct {
		StoryKey
		StoryText
		StoryUp
		DeletionID softdelete.DeletionID
		ArchivedAt *time.Time
	}
)

func (u StoryUp) up() *StoryKey          { return storyRef(u.UpPart, u.UpCode) }
func (s StorySide) side() *StoryKey      { return storyRef(s.SidePart, s.SideCode) }
func (u *StoryUp) setUp(k *StoryKey)     { u.UpPart, u.UpCode = storyColumns(k) }
func (s *StorySide) setSide(k *StoryKey) { s.SidePart, s.SideCode = storyColumns(k) }

func storyRef(part, code *string) *StoryKey {
	if part == nil || code == nil {
		return nil
	}
	return &StoryKey{*part, *code}
}

func storyColumns(k *StoryKey) (part, code *string) {
	if k == nil {
		return nil, nil
	}
	return &k.Part, &k.Code
}

// storyFound is what the database says of a row.
type storyFound struct {
	key      StoryKey
	text     StoryText
	up, side *StoryKey
	deleted  bool
	id       softdelete.DeletionID
	at       time.Time
}

func storyTime(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.UTC()
}

func (r storyShop) found() storyFound {
	return storyFound{r.StoryKey, r.StoryText, nil, nil, r.DeletedAt.Valid, r.DeletionID, storyTime(&r.DeletedAt.Time)}
}

func (r storyOrder) found() storyFound {
	return storyFound{r.StoryKey, r.StoryText, r.up(), nil, false, "", time.Time{}}
}

func (r storyFiled) found() storyFound {
	return storyFound{r.StoryKey, r.StoryText, r.up(), nil, true, r.DeletionID, storyTime(r.ArchivedAt)}
}

func (r storyLine) found() storyFound {
	return storyFound{r.StoryKey, r.StoryText, r.up(), r.side(), r.Gone, r.DeletionID, storyTime(r.GoneAt)}
}

func (r storyDebt) found() storyFound {
	return storyFound{r.StoryKey, r.StoryText, r.up(), nil, r.DeletedAt.Valid, r.DeletionID, storyTime(&r.DeletedAt.Time)}
}

func (r storyPaper) found() storyFound {
	return storyFound{r.StoryKey, r.StoryText, r.up(), nil, r.DeletedAt.Valid, r.DeletionID, storyTime(&r.DeletedAt.Time)}
}

func (r storyNode) found() storyFound {
	return storyFound{r.StoryKey, r.StoryText, r.up(), nil, r.DeletedAt.Valid, "", storyTime(&r.DeletedAt.Time)}
}

func (r *storyShop) fill(k StoryKey, x StoryText, _, _ *StoryKey) { r.StoryKey, r.StoryText = k, x }

func (r *storyOrder) fill(k StoryKey, x StoryText, up, _ *StoryKey) {
	r.StoryKey, r.StoryText = k, x
	r.setUp(up)
}

func (r *storyLine) fill(k StoryKey, x StoryText, up, side *StoryKey) {
	r.StoryKey, r.StoryText = k, x
	r.setUp(up)
	r.setSide(side)
}

func (r *storyDebt) fill(k StoryKey, x StoryText, up, _ *StoryKey) {
	r.StoryKey, r.StoryText = k, x
	r.setUp(up)
}

func (r *storyPaper) fill(k StoryKey, x StoryText, up, _ *StoryKey) {
	r.StoryKey, r.StoryText = k, x
	r.setUp(up)
}

func (r *storyNode) fill(k StoryKey, x StoryText, up, _ *StoryKey) {
	r.StoryKey, r.StoryText = k, x
	r.setUp(up)
}

// storyTable is a table of the world, with the model that has its rules.
type storyTable struct {
	name    string        // without the schema, as the model calls it
	copied  bool          // it is named by db.Table only
	archive bool          // deleted rows move
	byTime  bool          // the time alone is the mark
	retain  time.Duration // 0: a row goes with a parent that the same deletion took
	model   any
	row     func(k StoryKey, x StoryText, up, side *StoryKey) any
	rows    func(keys []StoryKey) any
	find    func(db *gorm.DB) ([]storyFound, error)
}

func storyTableOf[T any, P interface {
	*T
	found() storyFound
	fill(k StoryKey, x StoryText, up, side *StoryKey)
}](t storyTable) storyTable {
	t.model = new(T)
	t.row = func(k StoryKey, x StoryText, up, side *StoryKey) any {
		row := P(new(T))
		row.fill(k, x, up, side)
		return row
	}
	t.rows = func(keys []StoryKey) any {
		rows := make([]T, len(keys))
		for i, k := range keys {
			P(&rows[i]).fill(k, StoryText{}, nil, nil)
		}
		return &rows
	}
	t.find = func(db *gorm.DB) (all []storyFound, err error) {
		var rows []T
		if !t.archive {
			db = db.Unscoped() // which shows archives too
		}
		err = db.Find(&rows).Error
		for i := range rows {
			all = append(all, P(&rows[i]).found())
		}
		return all, err
	}
	return t
}

const storyDay = 24 * time.Hour

var storyTables = []storyTable{
	storyTableOf[storyShop](storyTable{name: "story_shops", retain: 30 * storyDay}),
	storyTableOf[storyOrder](storyTable{name: "story_orders", archive: true, retain: 20 * storyDay}),
	storyTableOf[storyLine](storyTable{name: "story_lines"}),
	storyTableOf[storyDebt](storyTable{name: "story_debts"}),
	storyTableOf[storyPaper](storyTable{name: "story_papers", retain: 10 * storyDay}),
	storyTableOf[storyNode](storyTable{name: "story_nodes", byTime: true}),
	storyTableOf[storyNode](storyTable{name: "story_nodes_copy", byTime: true, copied: true}),
}

// storyLink is a relation, seen from the child.
type storyLink struct {
	child, parent          string
	side                   bool // by the columns of StorySide, else those of StoryUp
	cascade, guard, blocks bool
}

var storyLinks = []storyLink{
	{child: "story_orders", parent: "story_shops", cascade: true, guard: true},
	{child: "story_lines", parent: "story_orders", cascade: true},
	{child: "story_lines", parent: "story_shops", cascade: true, side: true},
	{child: "story_debts", parent: "story_shops", blocks: true},
	{child: "story_papers", parent: "story_shops"},
	{child: "story_nodes", parent: "story_nodes", cascade: true},
	{child: "story_nodes_copy", parent: "story_nodes_copy", cascade: true},
}

// storyPlace is where the world's tables stand: "" or a schema with its dot.
type storyPlace string

// on is the session in which a table is meant.
func (p storyPlace) on(db *gorm.DB, table storyTable) *gorm.DB {
	if table.copied {
		return db.Table(string(p) + table.name)
	}
	return db
}

// storyOpen opens the world once for each clock, as so many processes would.
func storyOpen(t *testing.T, database *testdb.Database, place storyPlace, clocks []func() time.Time) (processes []*gorm.DB) {
	models := []any{&storyShop{}, &storyOrder{}, &storyLine{}, &storyDebt{}, &storyPaper{}, &storyNode{}}
	for _, now := range clocks {
		db := database.Open(t, &gorm.Config{NowFunc: now, NamingStrategy: schema.NamingStrategy{TablePrefix: string(place)}, TranslateError: true})
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		processes = append(processes, db)
	}
	db := processes[0]
	if place != "" {
		require.NoError(t, db.Exec("DROP SCHEMA IF EXISTS "+strings.TrimSuffix(string(place), ".")+" CASCADE").Error)
		require.NoError(t, db.Exec("CREATE SCHEMA "+strings.TrimSuffix(string(place), ".")).Error)
		t.Cleanup(func() {
			require.NoError(t, db.Exec("DROP SCHEMA "+strings.TrimSuffix(string(place), ".")+" CASCADE").Error)
		})
	}
	require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
	require.NoError(t, db.Table(string(place)+"story_nodes_copy").AutoMigrate(&storyNode{}))
	return processes
}

// storyEmpty removes everything.
func storyEmpty(t require.TestingT, db *gorm.DB, place storyPlace) {
	tables := []string{string(place) + "story_orders_archive"}
	for _, table := range storyTables {
		tables = append(tables, string(place)+table.name)
	}
	for _, own := range softdelete.Tables() {
		tables = append(tables, own.(interface{ TableName() string }).TableName())
	}
	for _, name := range tables {
		require.NoError(t, db.Exec("DELETE FROM "+name).Error)
	}
}
