import { describe, expect, test } from 'vitest';
import { frontFaults, httpApisIn, orderFaults, Template } from './templates.ts';

const imported = (name: string) => ({ 'Fn::ImportValue': name });
const routeTo = (integration: string) => ({
  'Fn::Join': ['/', ['integrations', { Ref: integration }]],
});

const core = Template.parse({
  Resources: { Front: { Type: 'AWS::ApiGatewayV2::Api' }, Second: { Type: 'AWS::ApiGatewayV2::Api' } },
  Outputs: {
    FrontId: { Value: { Ref: 'Front' }, Export: { Name: 'front-id' } },
    SecondId: { Value: { Ref: 'Second' }, Export: { Name: 'second-id' } },
    SecondUrl: { Value: { 'Fn::GetAtt': ['Second', 'ApiEndpoint'] }, Export: { Name: 'second-url' } },
  },
});
const calls = Template.parse({
  Resources: {
    List: { Type: 'AWS::Lambda::Function', Properties: { FunctionName: 'ours-list' } },
    ToList: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: imported('front-id'),
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: { 'Fn::GetAtt': ['List', 'Arn'] },
      },
    },
    Listed: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: { ApiId: imported('front-id'), RouteKey: 'GET /calls', Target: routeTo('ToList') },
    },
    Onward: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: imported('front-id'),
        IntegrationType: 'HTTP_PROXY',
        IntegrationUri: imported('second-url'),
      },
    },
    Rest: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: { ApiId: imported('front-id'), RouteKey: '$default', Target: routeTo('Onward') },
    },
  },
});
const templates = new Map([
  ['core', core],
  ['calls', calls],
]);

describe('packaged stacks', () => {
  test('are read as the routes and integrations of each HTTP API', () => {
    const { routes, integrations } = httpApisIn(templates, (name) => name.replace('ours-', ''));
    expect(routes).toEqual([
      { api: 'Front', key: 'GET /calls', to: { name: 'list' } },
      { api: 'Front', key: '$default', to: { api: 'Second' } },
    ]);
    expect(integrations).toEqual(new Map([['Front', 2]]));
  });

  test('import from what is deployed before them', () => {
    expect(orderFaults(templates, new Map([['calls', ['core']]]))).toEqual([]);
    expect(orderFaults(templates, new Map())).toEqual([
      'calls imports front-id from core and does not wait for it.',
      'calls imports second-url from core and does not wait for it.',
    ]);
    expect(orderFaults(new Map([['calls', calls]]), new Map())).toContain(
      'calls imports front-id, which no stack exports.',
    );
  });

  test('and wait for none that waits for them', () => {
    const circle = new Map([
      ['core', ['calls']],
      ['calls', ['core']],
    ]);
    expect(orderFaults(templates, circle)).toContain('The stacks wait for each other: core → calls → core.');
  });

  test('give the functions behind the front its secret, and no others', () => {
    const secret = { 'Fn::Join': ['', ['{{resolve:secretsmanager:', imported('secret'), '}}']] };
    const door = (parameters: Record<string, unknown>) => ({
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: { IntegrationType: 'HTTP_PROXY', RequestParameters: parameters },
    });
    const functionWith = (name: string, variables: Record<string, unknown>) => ({
      Type: 'AWS::Lambda::Function',
      Properties: { FunctionName: name, Environment: { Variables: variables } },
    });
    const faultsOf = (parameters: Record<string, unknown>, own: unknown, others: Record<string, unknown>) =>
      frontFaults(
        new Map([
          [
            'all',
            Template.parse({
              Resources: {
                Door: door(parameters),
                Behind: functionWith('behind', { FRONT_SECRET: own }),
                Before: functionWith('before', others),
              },
            }),
          ],
        ]),
        (name) => name,
        new Set(['behind']),
      );
    const right = {
      'overwrite:header.x-trunkline-caller-ip': '$context.identity.sourceIp',
      'overwrite:header.x-trunkline-front': secret,
    };
    expect(faultsOf(right, secret, {})).toEqual([]);
    expect(faultsOf(right, 'another', {})).toEqual(['behind is behind the front and has not its secret.']);
    expect(faultsOf(right, undefined, {})).toHaveLength(1);
    expect(faultsOf(right, secret, { FRONT_SECRET: secret })).toEqual([
      "before has the front's secret and is not behind it.",
    ]);
    const appended = { ...right, 'overwrite:header.x-trunkline-caller-ip': '$request.header.x-real-ip' };
    expect(faultsOf(appended, secret, {})).toHaveLength(1);
    expect(faultsOf({}, secret, {})).toHaveLength(3);
  });
});
