import { describe, expect, test } from 'vitest';
import { httpApisIn, orderFaults, Template } from './templates.ts';

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
});
