/** Who may call what. */
export { AccessControl } from './access-control.js';
export { ROLES, type Role, rolesFor } from './roles.js';
