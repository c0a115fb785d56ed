Feature: Associations of integrations with content
  A publisher associates integrations with content through the dashboard or the API. A request to the API
  states the complete set of integrations for the content.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And a Service Account integration "warehouse"
    And "paula" has published python-api content "app"

  Rule: Publishers list integrations and associate them with content through the API

    @OI-037 @OI-038
    Scenario: A publisher finds Viewer and Service Account integrations in the list of integrations
      Then "paula" finds "crm" listed as a Viewer integration (OI-037)
      And "paula" finds "crm" listed as a Viewer integration (OI-038)
      And "paula" finds "warehouse" listed as a Service Account integration (OI-038)

    @OI-021 @OI-039 @OI-040
    Scenario: A publisher associates an integration with the publisher's own content
      When "paula" associates "app" with "crm"
      Then the request is granted (OI-021)
      And "app" has one association, with "crm" (OI-039)
      And "app" has one association, with "crm" (OI-040)

    @OI-036
    Scenario: Content that was associated through the API obtains a token of the integration
      Given "alice" has Viewer permission on "app"
      When "paula" associates "app" with "warehouse"
      And "alice" visits "app"
      Then "app" has one association, with "warehouse"
      And "app" obtains a token of "warehouse"

    @OI-023 @alone
    Scenario: An association applies to all later visits, also after a restart of the server
      Given "alice" has Viewer permission on "app"
      And "app" is associated with "warehouse"
      And "alice" has visited "app" and it obtained a token
      When "alice" visits "app"
      Then "app" obtains a token of "warehouse"
      When the server is restarted with:
        | Authentication.Provider | proxy |
      And "alice" visits "app"
      Then "app" obtains a token of "warehouse"

    @OI-041
    Scenario: The server accepts the documented curl command, which sends JSON with the media type of a form
      When "paula" associates "app" with "crm" by the documented command
      Then the request is granted
      And "app" has one association, with "crm"

    @OI-042
    Scenario: An association request replaces the earlier associations, and an empty request removes them
      Given "app" is associated with "crm"
      When "paula" associates "app" with "warehouse"
      Then "app" has one association, with "warehouse"
      When "app" is no longer associated with an integration
      Then "app" has no association

  Rule: Only existing integrations are associated, and only with existing content

    @OI-022
    Scenario: New content has no association, and an association with content that does not exist is refused
      Then "app" has no association
      When "app" is associated with "crm"
      And "paula" associates content that does not exist with "crm"
      Then the request is refused

    @SEC-009
    Scenario: The association of content ends when the integration is deleted
      Given "app" is associated with "crm"
      And "app" has one association, with "crm"
      When the administrator deletes the integration "crm"
      Then "app" has no association

    @OI-114
    Scenario: An association with an integration that does not exist is refused and changes no association
      Given "app" is associated with "crm"
      When "paula" associates "app" with an integration that does not exist
      Then the request is refused
      And "app" has one association, with "crm"

  Rule: The owner, collaborators and administrators change the associations of content

    @SEC-002
    Scenario: Viewers of content and visitors who are not signed in cannot clear its associations
      Given a publisher "petra"
      And "petra" has Viewer permission on "app"
      And "alice" has Viewer permission on "app"
      And the administrator can clear the associations of "app"
      When "petra" tries to clear the associations of "app"
      Then the request is refused
      When "alice" tries to clear the associations of "app"
      Then the request is refused
      When an anonymous visitor tries to clear the associations of "app"
      Then the request is refused or the client is asked to log in

    @SEC-002
    Scenario: A publisher with Viewer permission cannot associate content with an integration
      Given a publisher "petra"
      And "petra" has Viewer permission on "app"
      And "app" is associated with "crm"
      When "petra" associates "app" with "crm"
      Then the request is refused

    @SEC-002
    Scenario: A collaborator on content can clear its associations
      Given a publisher "petra"
      And "petra" is a collaborator on "app"
      When "petra" tries to clear the associations of "app"
      Then the request is granted

    @SEC-002
    Scenario: A user who is not a publisher cannot list integrations
      When "paula" asks for the list of integrations
      And "alice" asks for the list of integrations
      Then the request is refused or shows nothing
