Feature: Associations of integrations with content
  Content uses an integration once a publisher has associated the two, which the API does as well as the
  dashboard. A request states all integrations that the content is to have.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And a Service Account integration "warehouse"
    And "paula" has published python-api content "app"

  Rule: A publisher lists integrations and associates them by the API

    @OI-037 @OI-038
    Scenario: The list holds all integrations
      Then "paula" finds "crm" listed as a Viewer integration (OI-037)
      And "paula" finds "crm" listed as a Viewer integration (OI-038)
      And "paula" finds "warehouse" listed as a Service Account integration (OI-038)

    @OI-021 @OI-039 @OI-040
    Scenario: A publisher associates an integration with content of their own
      When "paula" associates "app" with "crm"
      Then the association is granted (OI-021)
      And the associations of "app" are "crm" (OI-039)
      And the associations of "app" are "crm" (OI-040)

    @OI-041
    Scenario: The documented command sends JSON without saying so
      When "paula" associates "app" with "crm" by the documented command
      Then the association is granted
      And the associations of "app" are "crm"

    @OI-042
    Scenario: A request replaces what was associated before
      Given "app" is associated with "crm"
      When "paula" associates "app" with "warehouse"
      Then the associations of "app" are "warehouse"
      When "app" is no longer associated with an integration
      Then "app" has no association

  Rule: Content and integration have to exist

    @OI-022
    Scenario: New content has no association, and content that does not exist gets none
      Then "app" has no association
      When "app" is associated with "crm"
      And "paula" associates content that does not exist with "crm"
      Then the association is refused

    @OI-114
    Scenario: An integration that does not exist is not associated
      Given "app" is associated with "crm"
      When "paula" associates "app" with an integration that does not exist
      Then the association is refused
      And the associations of "app" are "crm"

  Rule: Associations are changed by those who manage the content

    @SEC-002
    Scenario: Viewers of content cannot change its associations
      Given a publisher "petra"
      And "petra" may view "app"
      And "alice" may view "app"
      And the administrator can clear the associations of "app"
      When "petra" tries to clear the associations of "app"
      Then the call is refused
      When "alice" tries to clear the associations of "app"
      Then the call is refused
      When somebody who is not signed in tries to clear the associations of "app"
      Then the call is refused or asked to log in

    @SEC-002
    Scenario: A collaborator can change them
      Given a publisher "petra"
      And "petra" may collaborate on "app"
      When "petra" tries to clear the associations of "app"
      Then the call is granted

    @SEC-002
    Scenario: A user who is no publisher cannot list the integrations
      When "paula" asks for the list of integrations
      And "alice" asks for the list of integrations
      Then the call is refused or shows nothing
