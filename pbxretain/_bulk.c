/* What pbxretain/bulk.py promises, in C: there each function is written out in Python, and
 * tests/test_bulk.py holds the two against each other. Optional: without a compiler or OpenSSL's
 * headers the package works on Python's. Nothing here outlives a call. */

#define PY_SSIZE_T_CLEAN
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_*: EVP costs more for each digest than the hashing */
#include <Python.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST SHA256_DIGEST_LENGTH

static void head(unsigned char *at, uint32_t size) {
    at[0] = (unsigned char)(size >> 24);
    at[1] = (unsigned char)(size >> 16);
    at[2] = (unsigned char)(size >> 8);
    at[3] = (unsigned char)size;
}

/* One row of packed(); the columns hold bytes or None at this place, or TypeError. */
static PyObject *packed_row(PyObject **columns, Py_ssize_t width, Py_ssize_t place) {
    Py_ssize_t total = 0;
    for (Py_ssize_t c = 0; c < width; c++) {
        PyObject *value = PySequence_Fast_GET_ITEM(columns[c], place);
        total += 4;
        if (value == Py_None)
            continue;
        if (!PyBytes_Check(value)) {
            PyErr_SetString(PyExc_TypeError, "a column holds neither bytes nor None");
            return NULL;
        }
        if ((uint64_t)PyBytes_GET_SIZE(value) >= UINT32_MAX) {
            PyErr_SetString(PyExc_OverflowError, "a value is too long");
            return NULL;
        }
        total += PyBytes_GET_SIZE(value);
    }
    PyObject *row = PyBytes_FromStringAndSize(NULL, total);
    if (row == NULL)
        return NULL;
    unsigned char *at = (unsigned char *)PyBytes_AS_STRING(row);
    for (Py_ssize_t c = 0; c < width; c++) {
        PyObject *value = PySequence_Fast_GET_ITEM(columns[c], place);
        int null = value == Py_None;
        Py_ssize_t size = null ? 0 : PyBytes_GET_SIZE(value);
        head(at, null ? UINT32_MAX : (uint32_t)size);
        if (!null)
            memcpy(at + 4, PyBytes_AS_STRING(value), (size_t)size);
        at += 4 + size;
    }
    return row;
}

static PyObject *packed_rows(PyObject **columns, Py_ssize_t width) {
    Py_ssize_t count = PySequence_Fast_GET_SIZE(columns[0]);
    for (Py_ssize_t c = 1; c < width; c++)
        if (PySequence_Fast_GET_SIZE(columns[c]) != count) {
            PyErr_SetString(PyExc_ValueError, "the columns have different lengths");
            return NULL;
        }
    PyObject *rows = PyList_New(count);
    for (Py_ssize_t place = 0; rows != NULL && place < count; place++) {
        PyObject *row = packed_row(columns, width, place);
        if (row == NULL)
            Py_CLEAR(rows);
        else
            PyList_SET_ITEM(rows, place, row);
    }
    return rows;
}

static PyObject *packed(PyObject *self, PyObject *given) {
    (void)self;
    PyObject *outer = PySequence_Fast(given, "columns are needed");
    if (outer == NULL)
        return NULL;
    Py_ssize_t width = PySequence_Fast_GET_SIZE(outer), ready = 0;
    PyObject *rows = NULL, **columns = PyMem_Calloc((size_t)width + 1, sizeof(PyObject *));
    if (columns == NULL)
        PyErr_NoMemory();
    else if (width == 0)
        rows = PyList_New(0);
    else {
        while (ready < width) {
            PyObject *column = PySequence_Fast_GET_ITEM(outer, ready);
            if ((columns[ready] = PySequence_Fast(column, "a column is needed")) == NULL)
                break;
            ready++;
        }
        if (ready == width)
            rows = packed_rows(columns, width);
    }
    while (ready > 0)
        Py_DECREF(columns[--ready]);
    PyMem_Free(columns);
    Py_DECREF(outer);
    return rows;
}

static PyObject *hashed(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer lead, keys, middle, tails = {0};
    PyObject *given;
    if (!PyArg_ParseTuple(args, "Oy*y*y*|y*", &given, &lead, &keys, &middle, &tails))
        return NULL;
    PyObject *digests = NULL, *bodies = PySequence_Fast(given, "bodies are needed");
    if (bodies == NULL)
        goto done;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(bodies), key = keys.len ? DIGEST : 0;
    Py_ssize_t tail = count ? tails.len / count : 0;
    if ((keys.len && keys.len != DIGEST * count) || tail * (count ? count : 1) != tails.len) {
        PyErr_SetString(PyExc_ValueError, "a column has one piece for each row");
        goto done;
    }
    digests = PyBytes_FromStringAndSize(NULL, count * DIGEST);
    if (digests == NULL)
        goto done;
    unsigned char *out = (unsigned char *)PyBytes_AS_STRING(digests);
    SHA256_CTX begun, state;
    SHA256_Init(&begun);
    SHA256_Update(&begun, lead.buf, (size_t)lead.len);
    for (Py_ssize_t place = 0; place < count; place++) {
        PyObject *body = PySequence_Fast_GET_ITEM(bodies, place);
        if (!PyBytes_Check(body)) {
            PyErr_SetString(PyExc_TypeError, "a body isn't bytes");
            Py_CLEAR(digests);
            break;
        }
        state = begun;
        SHA256_Update(&state, (char *)keys.buf + place * key, (size_t)key);
        SHA256_Update(&state, middle.buf, (size_t)middle.len);
        SHA256_Update(&state, PyBytes_AS_STRING(body), (size_t)PyBytes_GET_SIZE(body));
        if (tail)
            SHA256_Update(&state, (char *)tails.buf + place * tail, (size_t)tail);
        SHA256_Final(out + place * DIGEST, &state);
    }
    OPENSSL_cleanse(&begun, sizeof begun);
    OPENSSL_cleanse(&state, sizeof state);
done:
    Py_XDECREF(bodies);
    PyBuffer_Release(&lead);
    PyBuffer_Release(&keys);
    PyBuffer_Release(&middle);
    if (tails.obj)
        PyBuffer_Release(&tails);
    return digests;
}

static _Thread_local size_t compared;

static int by_bytes(const void *one, const void *other) { return memcmp(one, other, compared); }

static PyObject *sorted_rows(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *given, *rows = NULL;
    Py_ssize_t count, width = 0, before = 0;
    if (!PyArg_ParseTuple(args, "On", &given, &count))
        return NULL;
    PyObject *parts = PySequence_Fast(given, "parts are needed");
    if (parts == NULL)
        return NULL;
    for (Py_ssize_t p = 0; p < PySequence_Fast_GET_SIZE(parts); p++) {
        PyObject *part = PySequence_Fast_GET_ITEM(parts, p);
        Py_ssize_t size = PyBytes_Check(part) ? PyBytes_GET_SIZE(part) : -1;
        if (size < 0)
            PyErr_SetString(PyExc_TypeError, "a part isn't bytes");
        else if (count < 0 || (count ? size % count : size))
            PyErr_SetString(PyExc_ValueError, "a column has one piece for each row");
        if (PyErr_Occurred())
            goto done;
        width += count ? size / count : 0;
    }
    rows = PyBytes_FromStringAndSize(NULL, count * width);
    if (rows == NULL || width == 0)
        goto done;
    char *out = PyBytes_AS_STRING(rows);
    for (Py_ssize_t p = 0; p < PySequence_Fast_GET_SIZE(parts); p++) {
        PyObject *part = PySequence_Fast_GET_ITEM(parts, p);
        Py_ssize_t wide = PyBytes_GET_SIZE(part) / count;
        const char *from = PyBytes_AS_STRING(part);
        for (Py_ssize_t row = 0; row < count; row++)
            memcpy(out + row * width + before, from + row * wide, (size_t)wide);
        before += wide;
    }
    compared = (size_t)width;
    qsort(out, (size_t)count, (size_t)width, by_bytes);
done:
    Py_DECREF(parts);
    return rows;
}

static PyObject *parents(PyObject *self, PyObject *given) {
    (void)self;
    Py_buffer nodes;
    if (PyObject_GetBuffer(given, &nodes, PyBUF_SIMPLE) < 0)
        return NULL;
    PyObject *above = NULL;
    if (nodes.len % (2 * DIGEST))
        PyErr_SetString(PyExc_ValueError, "nodes come in pairs");
    else
        above = PyBytes_FromStringAndSize(NULL, nodes.len / 2);
    if (above != NULL) {
        unsigned char pair[1 + 2 * DIGEST] = {1};
        unsigned char *out = (unsigned char *)PyBytes_AS_STRING(above);
        for (Py_ssize_t at = 0; at < nodes.len; at += 2 * DIGEST) {
            memcpy(pair + 1, (char *)nodes.buf + at, 2 * DIGEST);
            SHA256_CTX state;
            SHA256_Init(&state);
            SHA256_Update(&state, pair, sizeof pair);
            SHA256_Final(out + at / 2, &state);
        }
    }
    PyBuffer_Release(&nodes);
    return above;
}

/* One column of a row in MariaDB's text protocol; moves on behind it. */
static PyObject *field(const unsigned char **at, const unsigned char *stop) {
    const unsigned char *from = *at;
    if (from < stop && *from == 0xFB) {
        *at = from + 1;
        return Py_NewRef(Py_None);
    }
    int wide = from == stop || *from == 0xFF ? -1 : *from < 0xFB ? 0 : *from == 0xFC ? 2 : *from == 0xFD ? 3 : 8;
    if (wide >= 0 && stop - from > wide) {
        uint64_t size = wide ? 0 : *from;
        for (int byte = wide; byte > 0; byte--)
            size = size << 8 | from[byte];
        from += 1 + wide;
        if (size <= (uint64_t)(stop - from)) {
            *at = from + size;
            return PyBytes_FromStringAndSize((const char *)from, (Py_ssize_t)size);
        }
    }
    PyErr_SetString(PyExc_ValueError, "a row has another length than its columns");
    return NULL;
}

static PyObject *row_of(const unsigned char *at, const unsigned char *stop, Py_ssize_t width) {
    PyObject *row = PyTuple_New(width);
    for (Py_ssize_t c = 0; row != NULL && c < width; c++) {
        PyObject *value = field(&at, stop);
        if (value == NULL)
            Py_CLEAR(row);
        else
            PyTuple_SET_ITEM(row, c, value);
    }
    if (row != NULL && at != stop) {
        Py_CLEAR(row);
        PyErr_SetString(PyExc_ValueError, "a row has another length than its columns");
    }
    return row;
}

static PyObject *cut(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer data;
    Py_ssize_t width;
    if (!PyArg_ParseTuple(args, "y*n", &data, &width))
        return NULL;
    const unsigned char *begin = data.buf, *at = begin, *end = begin + data.len;
    PyObject *rows = PyList_New(0);
    while (rows != NULL && end - at >= 4) {
        Py_ssize_t size = at[0] | at[1] << 8 | at[2] << 16;
        const unsigned char *first = at + 4;
        if (end - first < size || size == 0xFFFFFF)
            break;
        if (size && (*first == 0xFF || (*first == 0xFE && size < 9)))
            break;
        PyObject *row = row_of(first, first + size, width);
        if (row == NULL || PyList_Append(rows, row))
            Py_CLEAR(rows);
        Py_XDECREF(row);
        at = first + size;
    }
    PyBuffer_Release(&data);
    return rows ? Py_BuildValue("Nn", rows, (Py_ssize_t)(at - begin)) : NULL;
}

static PyMethodDef methods[] = {
    {"packed", packed, METH_O, NULL},
    {"hashed", hashed, METH_VARARGS, NULL},
    {"sorted_rows", sorted_rows, METH_VARARGS, NULL},
    {"parents", parents, METH_O, NULL},
    {"cut", cut, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "pbxretain._bulk", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__bulk(void) { return PyModule_Create(&module); }
