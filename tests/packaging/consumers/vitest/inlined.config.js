export default { test: { server: { deps: { inline: ["arcgate"] } } } };
