package erasure

import (
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room says what an erasure knows of cold storage, and what it cannot reach there. cold_search.go finds the person's
// rows, cold_owners.go ties them to the rows in the database, cold_mask.go masks them, cold_rewrite.go puts them back,
// cold_record.go notes them, cold_hold.go asks for legal holds.

// coldStorage is what an erasure knows of cold storage, and does there.
type coldStorage struct {
	*call
	reach    *reach
	masker   *masker
	verifier *verifier
	recorder *recorder
	store    cold.Rewriter
	models   []*coldModel // parents before children, as far as there is such an order
	// owners are, by relation, the values that the key columns of a child of the person have. known counts them by child.
	owners map[*policy.Relation]map[string]bool
	known  map[*policy.Policy]int
	// same are the texts that were learnt of the columns of relations' keys, each with the first that is the same to the columns.
	same map[policy.KeyPair]map[string]string
	// searched tells, by table and batch, how many owners of its model were known when the batch was last looked through.
	searched map[*coldModel]map[string]int
	// parents are the rows found, as values that rows in the database may refer to.
	parents map[*policy.Relation][][]any
	// certified tells, by request, whether what it has masked is certified.
	certified map[string]bool
	spared    int // leftovers in the store, see ColdRewriter
}

// coldModel is a table of the walk with the person's rows in it, by batch and by their places there.
type coldModel struct {
	policy.Place
	batches map[string]map[int]*coldRow
	sizes   map[string]int     // the rows of those batches
	others  map[string]int     // by batch, rows with the subject's key that were made at another time
	above   []*policy.Relation // those that lead to the model, where holds are to be looked for
}

// coldRow is a row of the person in cold storage.
type coldRow struct {
	erasedrow.ReachedRow
	deletion string                     // the ID of the deletion that took it, empty for unknown
	under    map[*policy.Relation][]any // see parentKeys
	mark     cold.Mark
	rewrites bool // the batch is to be rewritten for it
	counts   bool // this transaction erases it
}

// newColdStorage lists the tables of the walk that rows may leave for cold storage, whether they do so now or not.
func newColdStorage(w *erasure, store cold.Rewriter, db *gorm.DB) *coldStorage {
	x := &coldStorage{
		call: w.call, reach: w.reach, masker: w.masker, verifier: w.verifier, recorder: w.recorder, store: store, certified: map[string]bool{},
	}
	for _, p := range x.reachable() {
		if r, ok := p.Remains(); ok {
			m := &coldModel{Place: r.Place}
			m.above = x.eraser.relationsTo(db, p)
			x.models = append(x.models, m)
		}
	}
	x.reset()
	return x
}

// reset forgets the rows.
func (x *coldStorage) reset() {
	if x == nil {
		return
	}
	x.owners, x.parents, x.known = map[*policy.Relation]map[string]bool{}, map[*policy.Relation][][]any{}, map[*policy.Policy]int{}
	x.same = map[policy.KeyPair]map[string]string{}
	x.searched, x.rewriting = map[*coldModel]map[string]int{}, false
	for _, m := range x.models {
		m.batches, m.sizes, m.others = map[string]map[int]*coldRow{}, map[string]int{}, map[string]int{}
		x.searched[m] = map[string]int{}
	}
}

func (x *coldStorage) failed(doing string, err error) error {
	return fmt.Errorf("softdelete: the cold store could not %s; %s: %w", doing, x.nothingErased(), err)
}

// notes say what may be left in cold storage.
func (x *coldStorage) notes() (notes []string) {
	for _, m := range x.models {
		others := 0
		for _, n := range m.others {
			others += n
		}
		if others > 0 {
			notes = append(notes, fmt.Sprintf("not erased, for it is taken for another subject's: %s of %s in cold storage with the same key and another "+
				"time of creation", statement.CountText(int64(others), "row"), m.Table()))
		}
		for _, field := range x.keyColumns(m.Policy) {
			if !comparesAsText(field) {
				notes = append(notes, fmt.Sprintf("rows of %s in cold storage may be left: the values of the key column %s of %s cannot be compared "+
					"outside of the database; thaw them and erase again", m.Table(), field.DBName, m.Policy.Table))
			}
		}
	}
	if x.spared > 0 {
		notes = append(notes, fmt.Sprintf("not erased: %s of the cold store that no manifest names; a write may not have finished them, or their "+
			"manifests are lost: look whose rows they have, and put the batches again or remove the files", statement.CountText(int64(x.spared), "file")))
	}
	return notes
}

// keyColumns are the columns by which rows of the model in cold storage are known to be the person's.
func (x *coldStorage) keyColumns(p *policy.Policy) (fields []*schema.Field) {
	add := func(field *schema.Field) {
		if !slices.Contains(fields, field) {
			fields = append(fields, field)
		}
	}
	if p == x.root {
		for _, field := range p.Schema.PrimaryFields {
			add(field)
		}
	}
	for _, parent := range x.reachable() {
		for _, r := range x.edges[parent] {
			if r.Child != p {
				continue
			}
			for _, key := range r.Keys {
				add(key.Parent)
				add(key.Child)
			}
		}
	}
	return fields
}
