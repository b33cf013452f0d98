package coldfile

import (
	"encoding/hex"
	"slices"
	"strings"
	"sync"
)

// RowsSuffix ends the names of rows' files, ManifestSuffix those of manifests.
const (
	RowsSuffix     = ".jsonl.gz"
	ManifestSuffix = ".json"
)

// Listing is the names of a store's files.
type Listing struct {
	names []string
	ids   map[string]bool
}

// List reads names.
func List(names []string) Listing {
	l := Listing{names: names, ids: map[string]bool{}}
	for _, name := range names {
		if id, ok := strings.CutSuffix(name, ManifestSuffix); ok && id != "" && !strings.HasPrefix(id, ".") {
			l.ids[id] = true
		}
	}
	return l
}

// IDs lists the batches that have a manifest, in order.
func (l Listing) IDs() (ids []string) {
	for id := range l.ids {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Starting lists the names that begin with a prefix.
func (l Listing) Starting(prefix string) (names []string) {
	for _, name := range l.names {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}

// owner is the batch that a file of rows is of: the one that has the file's name, else the one whose rows were rewritten to it.
func (l Listing) owner(name string) (id string, isRows bool) {
	inner, ok := strings.CutSuffix(name, RowsSuffix)
	if !ok || inner == "" || strings.HasPrefix(inner, ".") {
		return "", false
	}
	if dot := strings.LastIndexByte(inner, '.'); dot > 0 && !l.ids[inner] && IsRowsOf(inner[:dot], name) {
		return inner[:dot], true
	}
	return inner, true
}

// RowsOf lists the files with rows of a batch, the former ones too.
func (l Listing) RowsOf(id string) (names []string) {
	for _, name := range l.names {
		if of, ok := l.owner(name); ok && of == id {
			names = append(names, name)
		}
	}
	return names
}

// Leftovers lists the files of rows in whose place the manifest of their batch names another that is there; and, as orphans, those
// whose batch has no manifest: it may have been lost, and the rows be nowhere else. manifest reads the one of a batch as it is now, nil
// where there is none. The only file of a batch that has a manifest is neither, whatever the manifest says.
func (l Listing) Leftovers(manifest func(id string) ([]byte, error)) (names, orphans []string, err error) {
	files := map[string][]string{}
	for _, name := range l.names {
		if id, ok := l.owner(name); ok {
			files[id] = append(files[id], name)
		}
	}
	for id, list := range files {
		if len(list) == 1 && l.ids[id] {
			continue
		}
		description, err := manifest(id)
		if err != nil {
			return nil, nil, err
		}
		if description == nil {
			orphans = append(orphans, list...)
			continue
		}
		_, named, err := Describe(id, description)
		if err != nil {
			return nil, nil, err
		}
		if slices.Contains(list, named) {
			names = append(names, slices.DeleteFunc(list, func(name string) bool { return name == named })...)
		}
	}
	slices.Sort(names)
	slices.Sort(orphans)
	return names, orphans, nil
}

// Tables remembers which tables batches are of. A batch never changes its table.
type Tables struct {
	mu    sync.Mutex // guards known
	known map[string]string
}

// Of gives the table of a batch, by its manifest where it is not known yet.
func (t *Tables) Of(id string, manifest func() ([]byte, error)) (table string, err error) {
	t.mu.Lock()
	table, ok := t.known[id]
	t.mu.Unlock()
	if ok {
		return table, nil
	}
	description, err := manifest()
	if err != nil {
		return "", err
	}
	if table, _, err = Describe(id, description); err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[string]string{}
	}
	t.known[id] = table
	return table, nil
}

// IsRowsOf tells whether a file's name is one that the rows of a batch may have: ID.jsonl.gz as they were put, and
// ID.DIGEST.jsonl.gz as they were rewritten.
func IsRowsOf(id, name string) bool {
	inner, ok := strings.CutSuffix(name, RowsSuffix)
	if !ok {
		return false
	}
	digest, ok := strings.CutPrefix(inner, id)
	if !ok || digest == "" {
		return ok
	}
	digest, ok = strings.CutPrefix(digest, ".")
	if !ok || len(digest) != digestLength {
		return false
	}
	_, err := hex.DecodeString(digest)
	return err == nil
}
