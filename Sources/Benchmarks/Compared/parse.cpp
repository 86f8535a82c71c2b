// Reads a file of JSON and parses it into simdjson's document object model, once.
#include <cstdio>
#include <simdjson.h>

int main(int count, char **arguments) {
    if (count != 2) return 64;
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    auto error = parser.load(arguments[1]).get(document);
    if (error) fprintf(stderr, "%s: %s\n", arguments[1], simdjson::error_message(error));
    return error ? 1 : 0;
}
