package dialect

// WritersOf is what such settings of a server say of other writers.
func WritersOf(d *Dialect, settings map[string]string) string { return d.writers(settings) }

// Lack takes features from all databases, until what it returns gives them back.
func Lack(features Feature) (giveBack func()) {
	var had []Feature
	for _, d := range dialects {
		had = append(had, d.features)
		d.features &^= features
	}
	return func() {
		for i, d := range dialects {
			d.features = had[i]
		}
	}
}

// MySQL is among the Known, MariaDB is what it may turn out to be.
var MySQL, MariaDB = &mysql, &mariadb

// Known are the databases that the plugin runs on.
func Known() []*Dialect { return dialects }
