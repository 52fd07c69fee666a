/** What a stand-in's handler is given. */
export interface SandboxRequest {
  method: string;
  url: URL;
  path: string;
  params: Record<string, string>;
  query: URLSearchParams;
  headers: Record<string, string>;
  rawBody: Buffer;
  /** Parsed JSON body; undefined when there is none. */
  json: unknown;
  form: URLSearchParams;
  /** Set while a fault asks batch handlers to refuse every second input. */
  partial: boolean;
}

export interface SandboxAnswer {
  status: number;
  headers?: Record<string, string>;
  json?: unknown;
  html?: string;
}

export type Handler = (request: SandboxRequest) => SandboxAnswer | Promise<SandboxAnswer>;

export interface Route {
  method: string;
  /** `/crm/objects/2026-09/:type/batch/read` */
  template: string;
  /** Short name for counting, limits and faults. */
  operation: string;
  handler: Handler;
  /** Whether it changes something. */
  write: boolean;
}

/** Routes by method and template; literal segments before parameters, in the order they were added. */
export class Router {
  private readonly list: (Route & { pattern: RegExp; names: string[] })[] = [];

  add(method: string, template: string, operation: string, handler: Handler, write = false): void {
    const names: string[] = [];
    const source = template.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:([A-Za-z]+)/g, (_, name: string) => {
      names.push(name);
      return '([^/]+)';
    });
    this.list.push({ method, template, operation, handler, write, names, pattern: new RegExp(`^${source}/?$`) });
  }

  routes(): Route[] {
    return this.list;
  }

  /** The route of a request, `method` when only the method is wrong, or null. */
  match(method: string, path: string): { route: Route; params: Record<string, string> } | 'method' | null {
    let otherMethod = false;
    for (const route of this.list) {
      const found = route.pattern.exec(path);
      if (found === null) continue;
      if (route.method !== method) {
        otherMethod = true;
        continue;
      }
      return {
        route,
        params: Object.fromEntries(
          route.names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')]),
        ),
      };
    }
    return otherMethod ? 'method' : null;
  }
}
