/*! Contains elkjs, the Eclipse Layout Kernel: Eclipse Public License 2.0, source at https://github.com/kieler/elkjs */
// What lays networks out, in a thread of its own: it answers messages as soon as it is loaded.
import 'elkjs/lib/elk-worker.min.js';
